"""The count of reactions that led to a message, and the trail that says which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery, Event, Outgoing
from orchestrator.core.hops import MAX_TRAIL, TRAIL_FROM, shortened, trail_of
from orchestrator.core.ids import event_identity

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
EVENT = Event("A", "1", "s", None, NOW, {}, "C", None, None, event_identity("s", "A", "1"))
SENT = Outgoing("2", "B", "b.v1", "orchestrator", NOW, {}, "C", hops=7, trail="A -(r)-> B")


def delivered(**headers: object) -> Event:
    """An event that came with `headers`."""
    body = b'{"specversion":"1.0","id":"1","source":"s","type":"A"}'
    return decode(Delivery(body, headers=headers), NOW)


def test_the_count_and_the_trail_travel_with_a_message() -> None:
    """A consumer in any language hands them on by copying two headers."""
    message = encode(SENT)
    event = decode(Delivery(message.body, headers=message.headers), NOW)

    assert (event.hops, event.trail) == (7, "A -(r)-> B")
    assert message.headers == {"x-hops": 7, "x-trail": "A -(r)-> B"}


def test_the_first_message_of_a_case_has_neither() -> None:
    """What services publish stays as small as it was."""
    assert encode(replace(SENT, hops=0, trail="")).headers == {}
    assert (delivered().hops, delivered().trail) == (0, "")


def test_a_plain_message_keeps_its_count() -> None:
    """Its envelope has no place for it; the header has."""
    assert decode(Delivery(b'{"type": "A", "id": "1"}', headers={"x-hops": 3}), NOW).hops == 3


@pytest.mark.parametrize("value", ["7", -1, None, 1.5, [], b"7"])
def test_a_count_that_is_none_counts_as_nothing(value: object) -> None:
    """A stranger's header must neither stop a message nor break us."""
    assert delivered(**{"x-hops": value, "x-trail": value}).hops == 0


def test_ordinary_messages_carry_no_trail() -> None:
    """It would cost every message what only a loop needs."""
    assert trail_of(replace(EVENT, hops=TRAIL_FROM - 2), "r", "B") == ""
    assert trail_of(replace(EVENT, hops=TRAIL_FROM - 1), "r", "B") == "A -(r)-> B"


def test_a_trail_grows_by_what_follows() -> None:
    """It is read from left to right."""
    event = replace(EVENT, hops=9, trail="X -(q)-> A")
    assert trail_of(event, "r", "B") == "X -(q)-> A, A -(r)-> B"


def test_a_long_trail_loses_its_beginning_at_a_step() -> None:
    """Its end shows the loop."""
    step = f"A -({'r' * 100})-> B"
    assert shortened(", ".join([step] * 30)) == "... " + ", ".join([step] * 5)


@given(st.text(max_size=2000))
@example("x" * 2000)
@example("x" * 700 + ", y" * 300)
def test_a_trail_is_never_too_long(trail: str) -> None:
    """It goes into a header, and headers share a frame."""
    cut = shortened(trail)
    assert len(cut) <= MAX_TRAIL
    assert cut == trail or trail.endswith(cut.removeprefix("... "))
