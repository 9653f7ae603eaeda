"""What a message on the broker says about itself, also where it cannot be read. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core import headers
from orchestrator.core.envelope import decode
from orchestrator.errors import BadMessage

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Delivery

UNREADABLE = "(unreadable)"
NO_LIMIT = 1 << 40  # what was published before the limit was lowered can still be looked at


@dataclass(frozen=True, slots=True)
class Seen:
    """A message, for people to look at.

    Attributes:
        id: of the event; the AMQP message id, or nothing, where it cannot be read.
        type: of the event.
        key: the correlation key.
        source: who published it.
        rule: the rule that sent it; None when no rule did.
        channel: the routing key it was published under.
        time: when it was published, aware; a guess where the message does not say.
        timed: whether the message says it.
        causation_id: the message that led to it.
        data: the payload; None where it cannot be read.
        problem: why it cannot be read; None where it can.
        revision: of the rule that sent it; None where it does not say.
    """

    id: str
    type: str
    key: str
    source: str
    rule: str | None
    channel: str
    time: datetime
    causation_id: str | None
    data: object
    timed: bool
    problem: str | None = None
    revision: str | None = None

    @property
    def sender(self) -> str:
        """The rule that sent it, or else who published it."""
        return f"rule {self.rule}" if self.rule else self.source or "(unnamed)"

    def as_json(self) -> dict[str, object]:
        """Return all of it, under the names of the envelope."""
        return {
            "time": self.time if self.timed else None,
            "type": self.type,
            "id": self.id,
            "correlationid": self.key,
            "causationid": self.causation_id,
            "source": self.source,
            "rule": self.rule,
            "channel": self.channel,
            "data": self.data,
            "problem": self.problem,
        }


def see(delivery: Delivery, otherwise: datetime) -> Seen:
    """Return what `delivery` says.

    Args:
        delivery: from a log or a queue.
        otherwise: the time of a message that does not carry one.
    """
    rule = sender_rule(delivery)
    channel = str(delivery.headers.get(headers.ORIGINAL_ROUTING_KEY, delivery.routing_key))
    try:
        event = decode(delivery, otherwise, NO_LIMIT)
    except BadMessage as error:
        return Seen(
            id=delivery.message_id or "",
            type=delivery.type or UNREADABLE,
            key=delivery.correlation_id or "",
            source=delivery.app_id or "",
            rule=rule,
            channel=channel,
            time=delivery.timestamp or otherwise,
            timed=delivery.timestamp is not None,
            causation_id=None,
            data=None,
            problem=str(error),
        )
    return Seen(
        id=event.id,
        type=event.type,
        key=event.correlation_id,
        source=event.source,
        rule=rule,
        channel=channel,
        time=event.time,
        timed=event.time is not otherwise,
        causation_id=event.causation_id,
        data=event.data,
        revision=_text(delivery.headers.get(headers.REVISION)),
    )


def sender_rule(delivery: Delivery) -> str | None:
    """Return the rule that sent it; on a dead letter, ``x-rule`` is the one that failed."""
    name = headers.SENDER_RULE if headers.REASON in delivery.headers else headers.RULE
    return _text(delivery.headers.get(name))


def _text(header: object) -> str | None:
    return header if isinstance(header, str) else None
