"""Messages as the outbox keeps them until they are confirmed. Knows no store."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.core.envelope import CLOUDEVENTS_JSON
from orchestrator.core.event import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROPERTIES: Final = (
    "exchange",
    "id",
    "type",
    "correlation_id",
    "source",
    "time",
    "content_type",
    "other",
)


def pack(messages: Sequence[Message]) -> bytes:
    """Write messages for the outbox: JSON that a person can read in ``redis-cli``.

    They are encoded, or copies with a body of JSON that go to a queue.
    """
    return orjson.dumps(
        [
            {
                "key": message.routing_key,
                "headers": message.headers,
                "event": orjson.Fragment(message.body),
                **({} if message.exchange is None else {"copy": _properties(message)}),
            }
            for message in messages
        ]
    )


def _properties(copy: Message) -> dict[str, object]:
    """Return what stands not in the body of a copy, or not for certain."""
    return {name: getattr(copy, name) for name in _PROPERTIES}


def unpack(entries: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Turn what `pack` wrote, parsed, back into messages equal to those that were packed."""
    return tuple(_unpack_one(entry) for entry in entries)


def _unpack_one(entry: Mapping[str, Any]) -> Message:
    event = entry["event"]
    if (copy := entry.get("copy")) is not None:
        time = datetime.fromisoformat(copy["time"]) if copy["time"] else None
        told = copy | {"time": time, "body": orjson.dumps(event)}
        return Message(routing_key=entry["key"], headers=entry["headers"], **told)
    return Message(
        exchange=None,
        routing_key=entry["key"],
        body=orjson.dumps(event),
        id=event["id"],
        type=event["type"],
        correlation_id=event["correlationid"],
        source=event["source"],
        time=datetime.fromisoformat(event["time"]),
        content_type=CLOUDEVENTS_JSON,
        headers=entry["headers"],
    )
