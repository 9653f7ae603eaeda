"""The outcome for any events in any order is that of a simple model, which the order cannot sway.

What is promised is in docs/explanation/rules-that-remember.md. Each promise has a negative control:
the same search must find a counterexample when the rule goes by the wrong time or forgets.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from orchestrator.core.stateful import rule as rule_module
from tests.unit.core.stateful.models import absences, as_they_come, matches
from tests.unit.core.stateful.play import (
    ABSENT,
    ALL_THREE,
    COUNT,
    JOIN,
    SEQUENCE,
    TWO_OF_THREE,
    Happened,
    Play,
    happened,
    outcomes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.stateful import StatefulRule
    from tests.unit.core.stateful.play import Outcome

RULES = {
    "join": JOIN,
    "two of three": TWO_OF_THREE,
    "all three": ALL_THREE,
    "sequence": SEQUENCE,
    "count": COUNT,
}
FIRING = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
SEARCH = settings(max_examples=2_000, database=None, deadline=None)
EVER = 10**7

Events = list[Happened]

rests = st.lists(st.booleans(), min_size=8, max_size=8)


def happenings(rule: StatefulRule) -> st.SearchStrategy[Events]:
    """Events of the rule within a few windows; some twice, some at the same time."""
    one = st.builds(
        Happened,
        st.integers(0, 14),
        st.sampled_from([element.name for element in rule.elements]),
        st.sampled_from("12"),
    )
    return st.lists(one, min_size=1, max_size=8)


def orders(rule: StatefulRule) -> st.SearchStrategy[tuple[Events, Events]]:
    """Two orders of the same events."""
    return happenings(rule).flatmap(lambda these: st.tuples(st.just(these), st.permutations(these)))


def with_few_matches(rule: StatefulRule, events: Events, most: int) -> Events:
    """Return so many of the events that they hold at most so many matches."""
    left = sorted(set(events))
    while len(found := matches(rule, left)) > most:
        left.remove(next(one for one in found[0] if not most or one not in found[-1]))
    return left


def fired(rule: StatefulRule, arrivals: Events) -> list[Outcome]:
    return Play(rule).arrive(*arrivals).outcomes


def with_timers(rule: StatefulRule, arrivals: Events, idle: list[bool]) -> list[Outcome]:
    """Return all that follows; after an arrival where it is idle, timers may go off.

    A timer waits for what happened before it, and may go off any time after.
    """
    play, missing = Play(rule), list(arrivals)
    for one, rests_now in zip(arrivals, idle, strict=False):
        play.arrive(one)
        missing.remove(one)
        if rests_now:
            play.until(min((other.second for other in missing), default=EVER) - 0.5)
    return play.until(EVER).outcomes


def by_arrival(rule: StatefulRule, arrivals: Events) -> list[Outcome]:
    """Play the wrong thing: what counts is when an event arrives. Its time stays in its id."""
    play, clock = Play(rule), count()
    for one in arrivals:
        play.arrive(Happened(next(clock), one.name, f"{one.second}/{one.id}"))
    return play.outcomes


@FIRING
@given(data=st.data())
def test_what_fires_is_what_the_model_says(rule: StatefulRule, data: st.DataObject) -> None:
    """Which events, how often, and what is used up; the model keeps all and tries all."""
    arrivals = data.draw(happenings(rule))
    assert fired(rule, arrivals) == as_they_come(rule, arrivals)


@FIRING
@given(data=st.data())
def test_a_match_fires_in_every_order(rule: StatefulRule, data: st.DataObject) -> None:
    """No event is lost because it came before its partner, or long after."""
    arrivals = data.draw(happenings(rule))
    assert bool(matches(rule, arrivals)) == bool(fired(rule, arrivals))


@FIRING
@given(data=st.data())
def test_the_only_match_fires_once_in_every_order(rule: StatefulRule, data: st.DataObject) -> None:
    """Where there is nothing to choose, the order of arrival chooses nothing."""
    one = with_few_matches(rule, data.draw(happenings(rule)), 1)
    other = data.draw(st.permutations(one))
    assert len(fired(rule, one)) == len(matches(rule, one))
    if rule is not COUNT:  # it names the newest event so far, which may not be part of it
        assert fired(rule, one) == fired(rule, other)


@FIRING
@given(data=st.data())
def test_what_is_remembered_depends_on_no_order(rule: StatefulRule, data: st.DataObject) -> None:
    """Nor on repetitions: two replicas that saw the same events remember the same bytes."""
    one = with_few_matches(rule, data.draw(happenings(rule)), 0)
    first = Play(rule).arrive(*one)
    second = Play(rule).arrive(*data.draw(st.permutations(one)), *one)
    assert first.instance is not None
    assert second.instance is not None
    assert first.instance.state == second.instance.state
    assert first.due == second.due
    assert first.until(EVER).outcomes == second.until(EVER).outcomes


@FIRING
@given(data=st.data())
def test_a_late_timer_changes_nothing_that_fires(rule: StatefulRule, data: st.DataObject) -> None:
    """After an outage the events in the queue are decided before the timers that are due."""
    arrivals = sorted(data.draw(happenings(rule)))
    punctual = Play(rule)
    for one in arrivals:
        punctual.until(one.second - 0.5).arrive(one)
    late = Play(rule).arrive(*arrivals)
    assert [one for one in punctual.outcomes if one[0] == "fired"] == late.outcomes


@given(orders(ABSENT), rests)
def test_an_absence_depends_on_no_order(arrivals: tuple[Events, Events], idle: list[bool]) -> None:
    """It fires as if all events had come in the order of their times, with punctual timers."""
    one, other = arrivals
    assert with_timers(ABSENT, other, idle) == absences(one)


@pytest.mark.parametrize("rule", [JOIN, ALL_THREE, SEQUENCE])
@given(data=st.data())
def test_one_of_each_depends_on_no_order(rule: StatefulRule, data: st.DataObject) -> None:
    """The ordinary case: what fires, and what is given up and when, with timers in between."""
    events = list({one.name: one for one in data.draw(happenings(rule))}.values())
    in_order, other = sorted(events), data.draw(st.permutations(events))
    expected = with_timers(rule, in_order, [True] * len(events))
    assert with_timers(rule, other, data.draw(rests)) == expected


def found(rule: StatefulRule, wrong: Callable[[Events], bool]) -> Events:
    """Return events for which a wrong rule is caught; an error if the search would not see it."""
    return find(happenings(rule), wrong, settings=SEARCH)


@pytest.mark.parametrize("rule", [JOIN, ALL_THREE, SEQUENCE, COUNT])
def test_going_by_arrival_would_be_noticed(rule: StatefulRule) -> None:
    """Negative control: the commonest mistake of all."""
    assert found(rule, lambda events: bool(by_arrival(rule, events)) != bool(matches(rule, events)))


def test_an_absence_by_arrival_would_be_noticed() -> None:
    """Negative control: an answer that overtook its question."""

    def wrong(events: Events) -> bool:
        play, clock = Play(ABSENT), count()
        play.arrive(*(Happened(next(clock), one.name, str(one)) for one in events))
        return bool(play.until(EVER).outcomes) != bool(absences(events))

    assert found(ABSENT, wrong)


def test_keeping_too_few_events_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: neither the oldest nor the newest may be the one a late partner needs."""
    events = happened("A0 A7 A14 B7")
    assert fired(JOIN, events) == outcomes("fired A7 B7")
    monkeypatch.setattr(rule_module, "MAX_EVENTS", 2)
    assert fired(JOIN, events) == []


def test_a_timer_that_overtakes_an_event_would_be_noticed() -> None:
    """Negative control: with B9 the window of A0 seems to be over, and B4 is still to come."""
    punctual = Play(JOIN).arrive(*happened("A0 B9 B4"))
    assert punctual.outcomes == outcomes("fired A0 B4")
    hasty = Play(JOIN).arrive(*happened("A0 B9")).until(9).arrive(*happened("B4"))
    assert hasty.outcomes == outcomes("otherwise A0")
