"""What led to nothing: events no rule reacted to, and windows that closed in vain. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.core.event import Event, Message
from orchestrator.core.headers import HOPS, REDRIVE_RULE, RETRY, TRAIL
from orchestrator.core.ids import Identity, event_identity
from orchestrator.core.stateful import Absent, StatefulRule
from orchestrator.core.stateful.matching import lapse
from orchestrator.core.stateful.memory import MICROSECOND, microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Definition, Instance

MAX_DATA_BYTES: Final = 64 * 1024
"""Larger data is not kept; the event's id tells where in the log it is."""

_CUT: Final = -2
"""Where a packed event says how large its data was, if they are not kept."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An event that no rule's guard let through, or what waited in vain for the rest of a pattern.

    Attributes:
        events: the event under its type, or the newest of each element under the element's name.
        key: the correlation key, or what the rule's state was kept under.
        rule: the rule that waited; empty for an event that no rule reacted to.
        revision: of that rule.
        over: when its time was over; None for an event.
        came: how many events had come.
        cut: name of an event -> how many bytes of data are not kept, because they are too many.
    """

    events: Mapping[str, Event]
    key: str
    rule: str = ""
    revision: str = ""
    over: datetime | None = None
    came: int = 1
    cut: Mapping[str, int] = field(default_factory=dict)


def ignored(event: Event) -> Unmatched:
    """Return the entry for an event that no rule's guard let through."""
    return Unmatched({event.type: event}, event.correlation_id)


def lapsed(
    rule: Definition | None, key: str, instance: Instance, due: datetime
) -> Unmatched | None:
    """Return what waited in vain for the rest of a pattern until `due`; None if nothing did.

    An absence waits for nothing to come, so none of its windows closes in vain.
    """
    if not isinstance(rule, StatefulRule) or isinstance(rule.pattern, Absent) or not rule.within:
        return None
    names = [element.name for element in rule.elements]
    memory = rule.remembered(instance)
    waited, _ = lapse(rule.pattern, names, rule.within // MICROSECOND, memory, microseconds(due))
    events = {name: one.event for name, one in waited.items() if one.event is not None}
    if not events or memory.opened is None:
        return None
    end = memory.opened + rule.within // MICROSECOND
    came = memory.between(memory.opened, end)
    return Unmatched(events, key, rule.name, rule.revision, due, came)


def pack(entry: Unmatched) -> bytes:
    """Write an entry: JSON that a person can read."""
    content: dict[str, object] = {
        "key": entry.key,
        "events": {name: _packed(event) for name, event in entry.events.items()},
    }
    if entry.rule:
        content |= {
            "rule": entry.rule,
            "revision": entry.revision,
            "over": entry.over,
            "came": entry.came,
        }
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def _packed(event: Event) -> list[object]:
    data = orjson.dumps(event.data)
    kept = orjson.Fragment(data) if len(data) <= MAX_DATA_BYTES else None
    cut = 0 if kept else len(data)
    facts = (event.type, event.id, event.source, event.subject, event.time, event.correlation_id)
    origin = (event.causation_id, event.traceparent, event.hops, event.trail)
    return [*facts, *origin, event.identity.hex(), cut, kept]


def unpacked(packed: bytes) -> Unmatched:
    """Read what `pack` wrote."""
    content: dict[str, Any] = orjson.loads(packed)
    over = content.get("over")
    return Unmatched(
        events={name: _event(facts) for name, facts in content["events"].items()},
        key=content["key"],
        rule=content.get("rule", ""),
        revision=content.get("revision", ""),
        over=datetime.fromisoformat(over) if over else None,
        came=content.get("came", 1),
        cut={name: facts[_CUT] for name, facts in content["events"].items() if facts[_CUT]},
    )


def _event(facts: list[Any]) -> Event:
    event_type, event_id, source, subject, time, correlation_id, *origin = facts
    causation_id, traceparent, hops, trail, identity, _, data = origin
    return Event(
        type=event_type,
        id=event_id,
        source=source,
        subject=subject,
        time=datetime.fromisoformat(time),
        data=data,
        correlation_id=correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
        identity=Identity(bytes.fromhex(identity)),
        hops=hops,
        trail=trail,
    )


def again(event: Event, queue: str, rule: str = "", retry: str = "") -> Message:
    """Return the message that, read anew, is the same event, by identity too.

    A rule that reacted to the event stays silent. With `rule` and `retry` only that rule is asked,
    and reacts even if it did before: once for each `retry`.

    Args:
        event: with its data.
        queue: where it is sent to.
        rule: the only rule to ask; empty for all.
        retry: what names the retry.
    """
    told = event_identity(event.source, event.type, event.id) == event.identity
    body = _structured(event) if told and event.source else _plain(event)
    own: dict[str, object] = {
        REDRIVE_RULE: rule,
        RETRY: retry,
        HOPS: event.hops,
        TRAIL: event.trail,
        "traceparent": event.traceparent,
    }
    return Message(
        exchange="",
        routing_key=queue,
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z),
        id=event.id if told else None,
        type=event.type,
        correlation_id=event.correlation_id,
        source=event.source or None,
        time=None,
        content_type="application/json",
        headers={name: value for name, value in own.items() if value},
    )


def _structured(event: Event) -> dict[str, object]:
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "data": event.data,
    }
    return {name: value for name, value in envelope.items() if value is not None or name == "data"}


def _plain(event: Event) -> dict[str, object]:
    """Return the form whose identity is a digest of its data, or the AMQP message id."""
    content = {
        "type": event.type,
        "id": event.subject,
        "time": event.time,
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "data": event.data,
    }
    return {name: value for name, value in content.items() if value is not None or name == "data"}
