"""Copies of a delivery: given up, to be tried later, or brought back. Knows no broker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from orchestrator.core import headers
from orchestrator.core.event import Message
from orchestrator.errors import TooManyHops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.event import Delivery

MAX_ERROR_LENGTH: Final = 1000
"""Headers must fit into one AMQP frame together; a longer error is cut."""

_LONGEST_NAME: Final = 100
"""Characters that a rule's name has at most."""

MAX_OWN_HEADERS: Final = 100_000
"""Bytes of the message's own headers that a copy keeps; our notes need the rest of the frame."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead letter says about itself.

    Attributes:
        queue: the dead-letter queue it lies in.
        delivery: the message, with all its headers.
        reason: a short stable word; the broker's own where it gave up by itself.
        error: the last error; empty where the broker gave up.
        first_error: that of the first attempt.
        attempts: how often it was tried, as far as known.
        rule: the rule that failed.
        handler: the handler that failed.
        exchange: where it was published to first.
        routing_key: under which key.
        at: when it was given up; None where nobody noted it.
    """

    queue: str
    delivery: Delivery
    reason: str
    error: str
    first_error: str
    attempts: int
    rule: str | None
    handler: str | None
    exchange: str
    routing_key: str
    at: datetime | None


def dead_letter(  # noqa: PLR0913 - everything a dead letter says about itself
    delivery: Delivery,
    queue: str,
    reason: str,
    error: str,
    now: datetime,
    *,
    rule: str | None = None,
    handler: str | None = None,
    attempts: int = 1,
) -> Message:
    """Return the copy of `delivery` for the dead-letter queue of `queue`.

    Properties, body and the message's own headers are kept exactly, an absent property stays
    absent. Only headers that would send the copy to other queues, too, are left out, and those that
    would leave no room for ours, the largest first.

    Args:
        delivery: what is given up.
        queue: where it came from; its dead-letter queue is ``<queue>.dlq``.
        reason: a short stable word, such as ``not-json``.
        error: the last error, for people.
        now: when, aware.
        rule: the rule that failed, if only its part of the event is given up.
        handler: the consumer's handler that failed.
        attempts: how often it was tried.
    """
    notes = _notes(delivery, error) | {
        headers.REASON: reason,
        headers.ATTEMPTS: attempts,
        headers.DEAD_LETTERED_AT: now.astimezone(UTC).isoformat(timespec="milliseconds"),
        headers.QUEUE: queue,
    }
    if rule is not None:
        notes[headers.RULE] = shortened_name(rule)
    if handler is not None:
        notes[headers.HANDLER] = handler
    kept = {
        headers.SENDER_RULE if name == headers.RULE else name: value
        for name, value in delivery.headers.items()
        if name not in (headers.ATTEMPT, headers.REDRIVE_RULE)
    }
    return _copy(delivery, "", f"{queue}.dlq", {**_fitting(kept), **notes})


def shortened_name(name: str) -> str:
    """Return a rule's name whole, and of a longer text, which a publisher wrote, the beginning."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def retry(delivery: Delivery, queue: str, exchange: str, attempt: int, error: str) -> Message:
    """Return the copy of `delivery` that comes back to `queue` once `exchange` has held it.

    It carries nothing of what the broker notes about dead letters: where a note says that the
    message expired on `queue`, the broker takes its way back for a circle, and drops it.

    Args:
        delivery: what failed.
        queue: the queue it failed on, and the only one the copy returns to.
        exchange: the retry exchange, which names the delay.
        attempt: which attempt the copy will be; at least 2.
        error: the error of this attempt, for people.
    """
    notes = _notes(delivery, error) | {headers.ATTEMPT: attempt}
    own = {
        name: value
        for name, value in delivery.headers.items()
        if not name.startswith(headers.BROKER)
    }
    return _copy(delivery, exchange, queue, {**_fitting(own), **notes})


def read(delivery: Delivery, queue: str) -> DeadLetter:
    """Return what `delivery`, found in the dead-letter queue `queue`, says about itself."""
    found = delivery.headers
    by_us = headers.REASON in found
    return DeadLetter(
        queue=queue,
        delivery=delivery,
        reason=_text(found, headers.REASON) or _brokers_reason(found),
        error=_text(found, headers.ERROR),
        first_error=_text(found, headers.FIRST_ERROR),
        attempts=_number(found, headers.ATTEMPTS),
        rule=_text(found, headers.RULE) or None if by_us else None,
        handler=_text(found, headers.HANDLER) or None,
        exchange=_text(found, headers.ORIGINAL_EXCHANGE) or delivery.exchange,
        routing_key=_text(found, headers.ORIGINAL_ROUTING_KEY) or delivery.routing_key,
        at=_time(found),
    )


def revival(letter: DeadLetter, target: str | None) -> Message:
    """Return the message that brings `letter` back to the queue `target`.

    With no target it is published anew, to the exchange all events enter through, under its old
    key.
    """
    exchange, key = (None, letter.routing_key) if target is None else ("", target)
    return _copy(letter.delivery, exchange, key, revived(letter.delivery.headers))


def revived(found: Mapping[str, object]) -> dict[str, object]:
    """Return the headers a dead letter is redriven with: the message's own, and no others.

    A dead letter of one rule names it in ``x-redrive-rule``, so that only that rule reacts.
    """
    own = {
        name: value
        for name, value in found.items()
        if name not in headers.DEAD_LETTER and not name.startswith(headers.BROKER)
    }
    if found.get(headers.REASON) == TooManyHops.reason:  # whoever redrives it has ended the loop
        own.pop(headers.HOPS, None)
        own.pop(headers.TRAIL, None)
    # What the broker dead-lettered by itself has no reason of ours: its rule is the sender's.
    ours = headers.REASON in found
    sender = found.get(headers.SENDER_RULE if ours else headers.RULE)
    if sender is not None:
        own[headers.RULE] = sender
    if ours and headers.RULE in found:
        own[headers.REDRIVE_RULE] = found[headers.RULE]
    return own


def _notes(delivery: Delivery, error: str) -> dict[str, object]:
    """Return what every copy says: the errors so far, and where the message came from first."""
    error = error[:MAX_ERROR_LENGTH]
    origin = {
        headers.FIRST_ERROR: error,
        headers.ORIGINAL_EXCHANGE: delivery.exchange,
        headers.ORIGINAL_ROUTING_KEY: delivery.routing_key,
    }
    known = {name: _noted(delivery, name, value) for name, value in origin.items()}
    return {**known, headers.ERROR: error}


def _noted(delivery: Delivery, name: str, otherwise: str) -> str:
    """Return what an earlier copy noted; a publisher may have written anything there instead."""
    value = delivery.headers.get(name)
    return value if isinstance(value, str) and len(value) <= MAX_ERROR_LENGTH else otherwise


def _fitting(own: Mapping[str, object]) -> Mapping[str, object]:
    """Return the headers that a copy keeps: a frame that is too large ends the connection."""
    sizes = {name: _encoded_size(name) + _encoded_size(value) for name, value in own.items()}
    excess = sum(sizes.values()) - MAX_OWN_HEADERS
    left_out: set[str] = set()
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0:
            break
        left_out.add(name)
        excess -= sizes[name]
    return {name: value for name, value in own.items() if name not in left_out}


def _encoded_size(value: object) -> int:
    """Return how many bytes a header's value takes in AMQP, at most."""
    match value:
        case str():
            return 5 + len(value.encode())
        case bytes():
            return 5 + len(value)
        case list():
            return 5 + sum(map(_encoded_size, value))
        case dict():
            return 5 + sum(_encoded_size(name) + _encoded_size(of) for name, of in value.items())
        case _:
            return 10


def _copy(
    delivery: Delivery, exchange: str | None, routing_key: str, copied: Mapping[str, object]
) -> Message:
    return Message(
        exchange=exchange,
        routing_key=routing_key,
        body=delivery.body,
        id=delivery.message_id,
        type=delivery.type,
        correlation_id=delivery.correlation_id,
        source=delivery.app_id,
        time=delivery.timestamp,
        content_type=delivery.content_type,
        headers={name: copied[name] for name in copied if name not in headers.ROUTING},
        other=delivery.other,
    )


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _number(found: Mapping[str, object], name: str) -> int:
    value = found.get(name, found.get("x-delivery-count", 1))
    return value if isinstance(value, int) else 1


def _time(found: Mapping[str, object]) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(found, headers.DEAD_LETTERED_AT))
    except ValueError:
        return None


def _brokers_reason(found: Mapping[str, object]) -> str:
    """Return why the broker dead-lettered by itself; nothing says so if it only was not routed."""
    reason = _text(found, "x-last-death-reason") or _text(found, "x-first-death-reason")
    return reason.replace("_", "-") or "unrouted"
