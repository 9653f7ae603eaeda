"""What led to nothing is kept as it was, and can come again as the same event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.core.decision import Instance, Signal
from orchestrator.core.envelope import decode
from orchestrator.core.event import Delivery, Event, Message
from orchestrator.core.ids import reaction_id, retried_id
from orchestrator.core.problem import Position
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import Absent, AtLeast, Count, Element, InSequence, StatefulRule
from orchestrator.core.unmatched import (
    MAX_DATA_BYTES,
    Unmatched,
    again,
    ignored,
    lapsed,
    pack,
    unpacked,
)

if TYPE_CHECKING:
    from orchestrator.core.stateful import Pattern

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def delivered(message: Message) -> Delivery:
    """The message as the broker hands it over."""
    return Delivery(
        message.body,
        content_type=message.content_type,
        type=message.type,
        message_id=message.id,
        correlation_id=message.correlation_id,
        app_id=message.source,
        headers=message.headers,
    )


def body(**content: object) -> bytes:
    return orjson.dumps(content)


CLOUDEVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "portal",
    "type": "Filed",
    "data": {"b": 1.0, "a": [1, None]},
}
FORMS = [
    Delivery(body(**CLOUDEVENT)),
    Delivery(
        body(**CLOUDEVENT, subject="C-1", correlationid="K", causationid="x", traceparent=TRACE)
    ),
    Delivery(body(**(CLOUDEVENT | {"data": None})), headers={"x-hops": 7, "x-trail": "A -(r)-> B"}),
    Delivery(
        b'{"a": 1}',
        headers={"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s"} | {"ce-type": "Filed"},
    ),
    Delivery(body(type="Filed", id="C-1", data={"a": 1})),
    Delivery(body(type="Filed", id=7, data={"b": 2, "a": 1}), app_id="portal"),
    Delivery(body(type="Filed"), message_id="m-1"),
    Delivery(body(type="Filed", data=[1]), message_id="m-1", app_id="portal", correlation_id="K"),
    Delivery(
        body(type="Filed", time="2026-01-01T00:00:00.000001+02:00"), headers={"traceparent": TRACE}
    ),
]


@pytest.mark.parametrize("delivery", FORMS)
def test_an_event_comes_again_as_itself(delivery: Delivery) -> None:
    """By identity above all: rules that reacted to it must recognise it."""
    event = decode(delivery, NOW)
    later = NOW + HOUR
    assert decode(delivered(again(event, "q")), later) == event


@pytest.mark.parametrize("delivery", FORMS)
def test_an_entry_is_read_as_it_was_written(delivery: Delivery) -> None:
    """What is lost here cannot come again."""
    entry = ignored(decode(delivery, NOW))
    assert unpacked(pack(entry)) == entry


def test_another_identity_would_be_noticed() -> None:
    """The negative control: an envelope under another id is another event."""
    event = decode(FORMS[0], NOW)
    other = again(replace(event, source="elsewhere"), "q")
    assert decode(delivered(other), NOW) != event


def test_large_data_are_not_kept() -> None:
    """The ledger is bounded in entries: a few large documents must not fill the store."""
    delivery = Delivery(body(**(CLOUDEVENT | {"data": {"text": "x" * MAX_DATA_BYTES}})))
    entry = ignored(decode(delivery, NOW))
    packed = pack(entry)
    assert len(packed) < 1000
    assert unpacked(packed).cut == {"Filed": MAX_DATA_BYTES + 11}
    assert unpacked(packed).events["Filed"].data is None


def test_a_retry_is_a_reaction_of_its_own() -> None:
    """A rule whose join closed in vain has reacted: only another id lets it react once more."""
    identity = decode(FORMS[0], NOW).identity
    ids = {
        reaction_id(identity, "join"),
        retried_id(identity, "join", "1-0"),
        retried_id(identity, "join", "2-0"),
        retried_id(identity, "other", "1-0"),
    }
    assert len(ids) == 4
    message = again(decode(FORMS[0], NOW), "q", "join", "1-0")
    assert message.headers == {"x-redrive-rule": "join", "x-retry": "1-0"}


def rule(pattern: Pattern, within: timedelta | None = HOUR) -> StatefulRule:
    elements = (Element("A", "A", None), Element("B", "B", None))
    here = Position("rules.yaml", 1, 1)
    count = 1 if isinstance(pattern, Count) else 2
    return StatefulRule("join", "r1", "", elements[:count], pattern, within, None, (), (), here)


def event(name: str, number: int, at: datetime) -> Event:
    content = CLOUDEVENT | {"type": name, "id": f"{name}-{number}", "time": at.isoformat()}
    return decode(Delivery(body(**content)), NOW)


def instance(pattern: Pattern, *events: Event) -> Instance:
    """What a rule remembers after these events."""
    running = None
    for each in events:
        reaction = reaction_id(each.identity, "join")
        signal = Signal(each, reaction, NOW, "test", Scope(each, NOW))
        state = rule(pattern).decide(running, signal).state
        assert state is not None
        running = Instance(reaction, state)
    assert running is not None
    return running


@pytest.mark.parametrize("pattern", [AtLeast(2), InSequence(), Count(3)])
def test_what_waited_in_vain_is_told_with_what_had_come(pattern: Pattern) -> None:
    """Whoever mends the rule must see what it was waiting for, and with what."""
    first, second = event("A", 1, NOW), event("A", 2, NOW + HOUR / 2)
    found = lapsed(rule(pattern), "K", instance(pattern, first, second), NOW + HOUR)
    assert found == Unmatched({"A": second}, "K", "join", "r1", NOW + HOUR, came=2)
    assert unpacked(pack(found)) == found


@pytest.mark.parametrize(
    ("pattern", "within", "due"),
    [
        (Absent(), HOUR, NOW + HOUR),
        (AtLeast(2), HOUR, NOW + HOUR / 2),
        (AtLeast(2), None, NOW + HOUR),
    ],
)
def test_what_did_not_wait_in_vain_is_not_told(
    pattern: Pattern, within: timedelta | None, due: datetime
) -> None:
    """An absence that is noticed is a success, and a window that is open is no failure."""
    assert lapsed(rule(pattern, within), "K", instance(pattern, event("A", 1, NOW)), due) is None
