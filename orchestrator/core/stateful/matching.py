"""When remembered events make a rule fire, by their times alone. Knows no clock and no actions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from orchestrator.core.stateful.memory import Memory
from orchestrator.core.stateful.pattern import Absent, AtLeast, Count, InSequence
from orchestrator.core.stateful.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.stateful.memory import Kept
    from orchestrator.core.stateful.pattern import Pattern

Remembered: TypeAlias = "Memory | Tally"
"""A count has a `Tally`, every other pattern a `Memory`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Events that came together.

    Attributes:
        events: element name -> the event it is called by.
        rest: what is still remembered afterwards.
    """

    events: Mapping[str, Kept]
    rest: Remembered


def complete(
    pattern: Pattern, names: Sequence[str], within: int | None, memory: Remembered
) -> Outcome | None:
    """Return how `memory` completes the pattern; None if it does not.

    Of several possibilities the newest counts. The window that it closes, which ends with its
    newest event, is used up.

    Args:
        pattern: what is waited for.
        names: of the elements, in the order written.
        within: the length of the window in microseconds; None for no limit.
        memory: everything remembered.
    """
    match pattern, memory:
        case AtLeast(number), Memory():
            found = _at_least(number, within, memory.kept)
        case InSequence(), Memory():
            found = _in_sequence(names, within, memory.kept)
        case Count(number), Tally():
            return _count(number, within, memory)
        case Absent(), Memory():
            return None  # only time can tell
        case _:
            raise TypeError(f"{pattern} does not remember in a {type(memory).__name__}")
    if found is None:
        return None
    end = max(one.time for one in found.values())
    start = _start(end, within)
    return Outcome(found, memory.where(lambda one: not start <= one.time <= end))


def lapse(
    pattern: Pattern, names: Sequence[str], within: int, memory: Remembered, due: int
) -> tuple[Mapping[str, Kept], Remembered]:
    """Return the events that waited in vain until `due`, if any did, and what stays remembered.

    Args:
        pattern: what is waited for.
        names: of the elements, in the order written.
        within: the length of the window in microseconds.
        memory: everything remembered.
        due: microseconds since 1970.
    """
    if isinstance(memory, Tally):
        return _uncounted(within, memory, due)
    if isinstance(pattern, Absent):
        return _missed(names, within, memory, due)
    events: dict[str, Kept] = {}
    opened, told = memory.opened, memory.told
    if opened is not None and opened + within <= due:
        told = opened + within
        events = {one.name: one for one in memory.kept if opened <= one.time <= told}
    live = memory.where(lambda one: one.time + within > due)
    return events, replace(live, told=told)


def condensed(
    pattern: Pattern, names: Sequence[str], within: int | None, memory: Remembered
) -> Remembered:
    """Return `memory` without what can never be asked for again."""
    match pattern, memory:
        case AtLeast(), Memory() if within is None:
            newest = {one.name: one for one in memory.kept}
            return memory.where(lambda one: newest[one.name] is one)
        case Absent(), Memory():
            return _without_answered(names, within, memory)
        case _:
            return memory


def _without_content(one: Kept) -> Kept:
    return one if one.event is None else replace(one, event=None)


def _at_least(number: int, within: int | None, kept: Sequence[Kept]) -> Mapping[str, Kept] | None:
    for end in reversed(kept):
        start = _start(end.time, within)
        newest = {one.name: one for one in kept if start <= one.time <= end.time}
        if len(newest) >= number:
            return newest
    return None


def _in_sequence(
    names: Sequence[str], within: int | None, kept: Sequence[Kept]
) -> Mapping[str, Kept] | None:
    for last in reversed(kept):
        if last.name == names[-1]:
            chain = _chain_to(last, names, kept)
            if chain and chain[names[0]].time >= _start(last.time, within):
                return chain
    return None


def _chain_to(last: Kept, names: Sequence[str], kept: Sequence[Kept]) -> Mapping[str, Kept] | None:
    """Return the latest chain that ends with `last`: each link is the newest that is not later."""
    chain, link = {last.name: last}, last
    for name in reversed(names[:-1]):
        earlier = [one for one in kept if one.name == name and one.time <= link.time]
        if not earlier:
            return None
        link = chain[name] = earlier[-1]
    return chain


def _count(number: int, within: int | None, tally: Tally) -> Outcome | None:
    """Return the newest `number` events of one window; everything until then is used up."""
    times, newest = tally.times, tally.newest
    for first in range(len(times) - number, -1, -1):
        end = times[first + number - 1]
        if newest is not None and times[first] >= _start(end, within):
            return Outcome({newest.name: newest}, tally.after(end))
    return None


def _uncounted(within: int, tally: Tally, due: int) -> tuple[Mapping[str, Kept], Tally]:
    """Return the newest event if a window ended until `due`, and those whose time is not over."""
    opened, newest = tally.opened, tally.newest
    live = tally.after(due - within)
    if opened is None or newest is None or opened + within > due:
        return {}, live
    return {newest.name: newest}, replace(live, told=opened + within)


def _start(end: int, within: int | None) -> float:
    return float("-inf") if within is None else end - within


def _vigil(names: Sequence[str], within: int | None, kept: Sequence[Kept]) -> Sequence[Kept]:
    """Return the first events that wait together for what is missed, and were not answered.

    An answer may come at the very time of the question.
    """
    waiting: list[Kept] = []
    for one in sorted(kept, key=lambda one: (one.time, one.name != names[0])):
        if waiting and within is not None and one.time > waiting[0].time + within:
            break
        if one.name == names[0]:
            waiting.append(one)
        else:
            waiting = []
    return waiting


def _without_answered(names: Sequence[str], within: int | None, memory: Memory) -> Memory:
    """Forget the questions that were answered, and the content of the answers."""
    waiting = _vigil(names, within, memory.kept)
    since = waiting[0].time if waiting else float("inf")
    kept = [
        one if one.name == names[0] else _without_content(one)
        for one in memory.kept
        if one.name != names[0] or one.time >= since
    ]
    return replace(memory, kept=tuple(kept))


def _missed(
    names: Sequence[str], within: int, memory: Memory, due: int
) -> tuple[Mapping[str, Kept], Memory]:
    waiting = _vigil(names, within, memory.kept)
    events: dict[str, Kept] = {}
    live = memory.where(lambda one: one.name == names[0] or one.time + within > due)
    if waiting and waiting[0].time + within <= due:
        over = waiting[0].time + within
        events = {names[0]: waiting[0]}
        live = live.where(lambda one: one.name != names[0] or one.time > over)
    return events, _without_answered(names, within, live)
