"""An event as rules see it, and a message as it leaves. Knows nothing of brokers or bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestrator.core.ids import Identity


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that was published, read from any of the accepted envelope forms.

    Attributes:
        type: such as ``ComplaintFiled``.
        id: the CloudEvents id; commands it leads to carry it as their causation id.
        source: who published it; empty when it does not say.
        subject: what it is about; the business id of a plain message.
        time: when it happened, aware, UTC unless it said otherwise.
        data: the payload, any JSON value.
        correlation_id: the correlation key: everything about one case shares it.
        causation_id: the id of the message that led to it.
        traceparent: the W3C trace context it came with.
        identity: equal for two deliveries of one fact; what dedupe goes by.
        hops: how many reactions of rules led to it.
        trail: which the last of them were, for people; empty while they are few.
    """

    type: str
    id: str
    source: str
    subject: str | None
    time: datetime
    data: object
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    identity: Identity
    hops: int = 0
    trail: str = ""

    def attributes(self) -> dict[str, object]:
        """Return what expressions see as ``event``: the envelope under its CloudEvents names."""
        return {
            "type": self.type,
            "id": self.id,
            "source": self.source,
            "subject": self.subject,
            "time": self.time,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as the broker handed it over, before anybody has looked inside.

    Attributes:
        body: the raw payload.
        exchange: where it was published to.
        routing_key: under which key.
        content_type: AMQP property, None when absent; so are the four below.
        type: the message type the publisher named.
        message_id: unique per publisher if it sets one.
        correlation_id: the correlation key, for publishers of plain messages.
        app_id: who published it.
        timestamp: when it was published, aware, one second's precision.
        headers: AMQP headers; values are what AMQP tables can hold.
        other: the AMQP properties that have no attribute here, by name; see `Message`.
        redelivered: the broker handed it out before.
        token: identifies the delivery to the subscription it came from.
    """

    body: bytes
    exchange: str = ""
    routing_key: str = ""
    content_type: str | None = None
    type: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    app_id: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    other: Mapping[str, str | int] = field(default_factory=dict)
    redelivered: bool = False
    token: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send, decided but not yet bytes.

    Attributes:
        id: derived from what caused it, so that every retry sends the same id.
        type: such as ``SendAcknowledgment``.
        channel: the routing key, from the catalog.
        source: who sends it.
        time: the time of the decision, aware.
        data: the payload, already valid.
        correlation_id: the correlation key.
        subject: what it is about.
        causation_id: the id of the message that led to it.
        traceparent: the W3C trace context to go on with.
        rule: the rule that sends it; None for messages that no rule sent.
        revision: of that rule.
        hops: how many reactions of rules led to it.
        trail: which the last of them were, for people; empty while they are few.
    """

    id: str
    type: str
    channel: str
    source: str
    time: datetime
    data: object
    correlation_id: str
    subject: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    rule: str | None = None
    revision: str | None = None
    hops: int = 0
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way to the broker, complete: publishing it twice sends the same thing twice.

    Properties that are None are not sent at all: a copy of somebody else's message says no more
    than the original did.

    Attributes:
        exchange: None for the exchange all events enter through; ``""`` for a queue directly.
        routing_key: the channel address, or the queue's name.
        body: the payload as sent.
        id: AMQP message id; equal for every attempt to send this message.
        type: the message type, mirrored for people and tools that look at queues.
        correlation_id: the correlation key.
        source: who sends it (AMQP app id).
        time: when it was decided, aware.
        content_type: of the body.
        headers: AMQP headers.
        other: further AMQP properties: ``content_encoding``, ``priority`` and ``reply_to``.
            ``expiration`` and ``user_id`` are never copied: the first would let a copy vanish, the
            second is only true on the publisher's own connection.
    """

    exchange: str | None
    routing_key: str
    body: bytes
    id: str | None = None
    type: str | None = None
    correlation_id: str | None = None
    source: str | None = None
    time: datetime | None = None
    content_type: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    other: Mapping[str, str | int] = field(default_factory=dict)
