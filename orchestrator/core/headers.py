"""The names of the AMQP headers we set and read. Knows no message."""

from __future__ import annotations

from typing import Final

REASON: Final = "x-reason"
"""Why it is a dead letter: a short stable word."""
ERROR: Final = "x-error"
"""The last error, for people."""
FIRST_ERROR: Final = "x-first-error"
"""The error of the first attempt; the later ones are often only its echo."""
ATTEMPTS: Final = "x-attempts"
"""How often it was tried before it was given up."""
ATTEMPT: Final = "x-attempt"
"""Which attempt a retried copy is; the first delivery has none."""
RULE: Final = "x-rule"
"""The rule that failed on it; on a command, the rule that sent it."""
REVISION: Final = "x-revision"
"""On a command: the revision of the rule that sent it."""
HANDLER: Final = "x-handler"
"""The consumer's handler that failed on it."""
ORIGINAL_EXCHANGE: Final = "x-original-exchange"
"""Where it was published to first."""
ORIGINAL_ROUTING_KEY: Final = "x-original-routing-key"
"""Under which key."""
DEAD_LETTERED_AT: Final = "x-dead-lettered-at"
"""When it was given up: RFC 3339, UTC."""
QUEUE: Final = "x-queue"
"""The queue it was given up on; a redrive sends it back there."""
REDRIVE_RULE: Final = "x-redrive-rule"
"""On a redriven message: the only rule that shall react to it."""
RETRY: Final = "x-retry"
"""Beside `REDRIVE_RULE`: names the retry for which that rule reacts once more, also if it did."""

HOPS: Final = "x-hops"
"""How many reactions of rules led to the message; replies keep the count of their command."""
TRAIL: Final = "x-trail"
"""Which reactions the last of them were, for people."""

SENDER_RULE: Final = "x-sender-rule"
"""On a dead letter: the `RULE` the message itself carried, restored by a redrive."""

DEAD_LETTER: Final = frozenset(
    {
        REASON,
        ERROR,
        FIRST_ERROR,
        ATTEMPTS,
        ATTEMPT,
        RULE,
        HANDLER,
        ORIGINAL_EXCHANGE,
        ORIGINAL_ROUTING_KEY,
        DEAD_LETTERED_AT,
        QUEUE,
        REDRIVE_RULE,
        SENDER_RULE,
    }
)
"""What a dead letter carries beyond the message's own headers."""

ROUTING: Final = ("CC", "BCC")
"""By these RabbitMQ sends a message to further places, also past the permissions of who wrote them;
so no copy of ours carries them."""

BROKER: Final = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")
"""Prefixes of what the broker itself notes when it dead-letters or redelivers."""
