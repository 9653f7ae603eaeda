"""A tally remembers what a plain list of times and identities would, in far less time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from orchestrator.core.ids import Identity
from orchestrator.core.stateful import Count, Element
from orchestrator.core.stateful.matching import complete, lapse
from orchestrator.core.stateful.memory import Kept, microseconds
from orchestrator.core.stateful.tally import NOTHING_COUNTED, Tally, every_event, unpack_tally
from tests.unit.core.stateful.play import START, Happened, event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.stateful.matching import Outcome

A = Element("A", "A", None)
LIMIT = 5
SECOND = 1_000_000
BEGIN = microseconds(START)
WITHIN = 5 * SECOND

Moment = tuple[int, bytes]
moments = st.lists(
    st.builds(Happened, st.integers(0, 14), st.just("A"), st.sampled_from("123")), unique=True
)
numbers = st.integers(1, 4)


def kept(happened: Happened) -> Kept:
    made = event(happened, {"second": happened.second})
    return Kept(microseconds(made.time), made.identity, "A", made)


def tally_of(arrivals: Iterable[Happened], limit: int = 10_000) -> Tally:
    tally = NOTHING_COUNTED
    for one in arrivals:
        tally = tally.adding(kept(one), limit)
    return tally


def contents(tally: Tally) -> list[Moment]:
    return [(time, tally.identities[16 * at : 16 * at + 16]) for at, time in enumerate(tally.times)]


def limited(arrivals: Iterable[Happened], limit: int) -> list[Moment]:
    """Return what is kept of them: sorted, and above the limit without the second."""
    moments: list[Moment] = []
    for one in arrivals:
        moments = sorted([*moments, kept(one).order])
        if len(moments) > limit:
            del moments[1]
    return moments


def newest_window(moments: list[Moment], number: int, within: int | None) -> list[Moment] | None:
    """Return what is left after the newest window with so many events; None where none has."""
    starts = range(len(moments) - number + 1)
    ends = [
        moments[start + number - 1][0]
        for start in starts
        if within is None or moments[start + number - 1][0] - moments[start][0] <= within
    ]
    return [one for one in moments if one[0] > max(ends)] if ends else None


@given(moments)
def test_events_are_kept_in_order_up_to_the_limit(arrivals: list[Happened]) -> None:
    """By time, and by identity where times are equal, whatever the order of arrival."""
    tally = tally_of(arrivals, LIMIT)
    assert contents(tally) == limited(arrivals, LIMIT)
    expected = max((kept(one) for one in arrivals), key=lambda one: one.order, default=None)
    assert tally.newest == expected


@given(moments, numbers, st.sampled_from([None, 0, WITHIN]))
def test_the_newest_full_window_is_used_up(
    arrivals: list[Happened], number: int, within: int | None
) -> None:
    """And what happened after it stays, with the newest event's content."""
    tally = tally_of(arrivals)
    outcome = complete(Count(number), ["A"], within, tally)
    assert rest_of(outcome) == newest_window(contents(tally), number, within)
    if outcome is not None:
        assert outcome.events == {"A": tally.newest}


def rest_of(outcome: Outcome | None) -> list[Moment] | None:
    if outcome is None:
        return None
    assert isinstance(outcome.rest, Tally)
    newest = outcome.rest.newest
    assert (newest.order if newest else None) == max(contents(outcome.rest), default=None)
    return contents(outcome.rest)


@given(moments, st.integers(0, 20))
def test_a_window_that_is_over_is_told_once(arrivals: list[Happened], second: int) -> None:
    """With the newest event, and only what is still inside a window is kept."""
    tally, due = tally_of(arrivals), BEGIN + second * SECOND
    events, live = lapse(Count(9), ["A"], WITHIN, tally, due)
    over = [time for time in tally.times if time + WITHIN <= due]
    assert events == ({"A": tally.newest} if over else {})
    assert isinstance(live, Tally)
    assert contents(live) == [one for one in contents(tally) if one[0] + WITHIN > due]
    assert live.told == (over[0] + WITHIN if over else None)
    again, _ = lapse(Count(9), ["A"], WITHIN, live, due)
    assert again == {}


@given(moments.filter(bool), st.none() | st.integers(BEGIN, BEGIN + 20 * SECOND))
def test_what_is_stored_comes_back(arrivals: list[Happened], told: int | None) -> None:
    """For the rule at once, and event by event for people who look at a state."""
    made = tally_of(arrivals)
    tally = Tally(made.times, made.identities, made.newest, told)
    assert unpack_tally(tally.pack(), A) == tally
    memory = every_event(tally.pack(), [A])
    assert [one.order for one in memory.kept] == contents(tally)
    assert memory.kept[-1] == tally.newest
    assert memory.told == told


def test_a_count_of_an_element_that_is_gone_starts_anew() -> None:
    """As a join does with what counted for an element it no longer has."""
    state = tally_of([Happened(0, "A")]).pack()
    assert unpack_tally(state, Element("B", "B", None)) == NOTHING_COUNTED


def test_nothing_is_not_stored() -> None:
    """An instance without events has ended."""
    with pytest.raises(ValueError, match="nothing to remember"):
        NOTHING_COUNTED.pack()


def test_an_event_is_known_by_a_whole_identity() -> None:
    """Not by bytes that end one identity and begin the next."""
    one, other = event(Happened(0, "A")), event(Happened(1, "A"))
    across = Identity(one.identity[8:] + other.identity[:8])
    tally = Tally([0, 1], one.identity + other.identity, None)
    assert tally.knows(one)
    assert tally.knows(other)
    assert not tally.knows(event(Happened(2, "A")))
    assert not tally.knows(replace(one, identity=across))


def test_keeping_the_wrong_order_would_be_noticed() -> None:
    """Negative control: appending is not enough."""

    def wrong(arrivals: list[Happened]) -> bool:
        return [kept(one).order for one in arrivals] != contents(tally_of(arrivals))

    assert find(moments, wrong, settings=settings(database=None, deadline=None))
