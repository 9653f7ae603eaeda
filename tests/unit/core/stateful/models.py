"""The forms as a few obvious lines each: every combination is tried, nothing is thrown away."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

from orchestrator.core.stateful import AtLeast, Count, InSequence
from tests.unit.core.stateful.play import WITHIN, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.core.stateful import StatefulRule
    from tests.unit.core.stateful.play import Happened, Outcome


def order(one: Happened) -> tuple[int, bytes]:
    return one.second, event(one).identity


def fits(rule: StatefulRule, chosen: Sequence[Happened]) -> bool:
    """Tell whether these events, sorted by time, complete the pattern by themselves."""
    names = [one.name for one in chosen]
    if chosen[-1].second - chosen[0].second > WITHIN:
        return False
    match rule.pattern:
        case AtLeast():
            return len(set(names)) == len(names)
        case InSequence():
            in_order = sorted(chosen, key=lambda one: (one.second, one.name))
            return [one.name for one in in_order] == [element.name for element in rule.elements]
        case _:
            return True


def matches(rule: StatefulRule, events: Iterable[Happened]) -> list[tuple[Happened, ...]]:
    """Return every set of events that completes the pattern; the newest last."""
    size = getattr(rule.pattern, "number", len(rule.elements))
    sets = combinations(sorted(set(events), key=order), size)
    found = [chosen for chosen in sets if fits(rule, chosen)]
    return sorted(found, key=lambda chosen: [order(one) for one in reversed(chosen)])


def named(rule: StatefulRule, chosen: Iterable[Happened], known: Iterable[Happened]) -> Outcome:
    """Return the firing with these; a count names only the newest event it knows of."""
    ids = [event(one).id for one in chosen]
    if isinstance(rule.pattern, Count):
        ids = [event(max(known, key=order)).id]
    return "fired", frozenset(ids)


def as_they_come(rule: StatefulRule, arrivals: Iterable[Happened]) -> list[Outcome]:
    """Return what fires if no timer ever goes off."""
    kept: set[Happened] = set()
    fired = []
    for arrival in arrivals:
        kept.add(arrival)
        if found := matches(rule, kept):
            chosen = found[-1]
            end = chosen[-1].second
            fired.append(named(rule, chosen, kept))
            start = float("-inf") if isinstance(rule.pattern, Count) else end - WITHIN
            kept = {one for one in kept if not start <= one.second <= end}
    return fired


def absences(events: Iterable[Happened]) -> list[Outcome]:
    """Return what is missed if all events arrive in the order of their times."""
    fired: list[Outcome] = []
    waiting: Happened | None = None
    in_order = sorted(set(events), key=lambda one: (one.second, one.name, order(one)))
    for one in chain(in_order, [None]):
        if waiting and (one is None or one.second > waiting.second + WITHIN):
            fired.append(("fired", frozenset([event(waiting).id])))
            waiting = None
        if one and one.name == "B":
            waiting = None
        elif one and not waiting:
            waiting = one
    return fired
