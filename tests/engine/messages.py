"""What engine tests publish, and how they name what came of it. Knows no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from orchestrator.core.deadletter import read, revival
from orchestrator.core.event import Delivery, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

QUEUE = "orchestrator"
CHANNEL = "complaints.v1"


def filed(event_id: str, key: str, event_type: str = "Filed", **data: object) -> Message:
    """Return an event as a service publishes it."""
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "portal",
        "type": event_type,
        "correlationid": key,
        "data": data,
    }
    return raw(orjson.dumps(body))


def raw(body: bytes, **headers: object) -> Message:
    """Return whatever somebody may publish."""
    return Message(None, CHANNEL, body, headers=headers)


def told(messages: Iterable[Message]) -> list[str]:
    """Name each message by its type and the event that led to it."""
    return [f"{m.type} {orjson.loads(m.body)['causationid']}" for m in messages]


def distinct(messages: Iterable[Message]) -> list[Message]:
    """Dedupe by id, as consumers do: a crash may send what is in the outbox again."""
    return list({message.id: message for message in messages}.values())


def redriven(copy: Message) -> Message:
    """Return what `dlq redrive` sends for a dead letter."""
    found = Delivery(
        copy.body,
        routing_key=copy.routing_key,
        type=copy.type,
        correlation_id=copy.correlation_id,
        headers=copy.headers,
    )
    return revival(read(found, copy.routing_key), QUEUE)
