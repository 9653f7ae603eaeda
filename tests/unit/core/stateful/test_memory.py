"""What is remembered comes back whole, though what follows from the rest is not stored."""

from __future__ import annotations

from dataclasses import replace

import orjson
from hypothesis import find, given, settings
from hypothesis import strategies as st

from orchestrator.core.event import Event
from orchestrator.core.ids import Identity, event_identity
from orchestrator.core.stateful import Element
from orchestrator.core.stateful.memory import Kept, Memory, microseconds, unpack
from tests.unit.core.stateful.play import START, Happened, event

A = Element("filed", "A", None)
texts = st.text(max_size=5)
perhaps = st.none() | texts


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event of the element: plain or a CloudEvent, with and without what is optional."""
    source, event_id = draw(texts), draw(texts)
    subject = draw(perhaps)
    correlation_id = subject if subject is not None and draw(st.booleans()) else draw(texts)
    derived = event_identity(source, "A", event_id)
    return Event(
        type="A",
        id=event_id,
        source=source,
        subject=subject,
        time=START,
        data=draw(st.none() | st.integers(-(2**63), 2**63 - 1) | st.lists(texts, max_size=2)),
        correlation_id=correlation_id,
        causation_id=draw(perhaps),
        traceparent=draw(perhaps),
        identity=draw(st.just(derived) | st.binary(min_size=16, max_size=16).map(Identity)),
        hops=draw(st.integers(0, 3)),
        trail=draw(texts),
    )


def remembered(*of: Event, without_content: bool = False) -> Memory:
    kept = [
        Kept(microseconds(one.time), one.identity, "filed", None if without_content else one)
        for one in of
    ]
    return Memory(tuple(sorted(kept, key=lambda one: one.order)))


@given(
    these=st.lists(events(), max_size=3),
    without_content=st.booleans(),
    told=st.none() | st.integers(0, 9),
)
def test_every_attribute_comes_back(
    *, these: list[Event], without_content: bool, told: int | None
) -> None:
    """A message that is sent about an event says the same, whether it was stored or not."""
    memory = replace(remembered(*these, without_content=without_content), told=told)
    assert unpack(memory.pack(), [A]) == memory


def test_what_follows_from_the_rest_is_not_stored() -> None:
    """A million joins hold it a million times; who looks at a state sees what is its own."""
    first = replace(event(Happened(0, "A"), {"amount": 5}), correlation_id="C-991")
    first = replace(first, identity=event_identity("portal", "A", first.id))
    state = orjson.loads(remembered(first).pack())
    time = microseconds(START)
    assert state == {"kept": {"filed": [[time, "A@0/1", "portal", {"amount": 5}, "C-991"]]}}


def test_losing_an_attribute_would_be_noticed() -> None:
    """Negative control: the hops of a remembered event, which end a loop of rules."""

    def loses_hops(one: Event) -> bool:
        return unpack(remembered(replace(one, hops=0)).pack(), [A]) != remembered(one)

    found = find(events(), loses_hops, settings=settings(database=None, deadline=None))
    assert found.hops > 0
