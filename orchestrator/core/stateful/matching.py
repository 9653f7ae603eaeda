"""When remembered events make a rule fire, by their times alone. Knows no clock and no actions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from orchestrator.core.stateful.pattern import Absent, AtLeast, Count, InSequence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.stateful.memory import Kept, Memory
    from orchestrator.core.stateful.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Outcome:
    """Events that came together.

    Attributes:
        events: element name -> the event it is called by.
        rest: what is still remembered afterwards.
    """

    events: Mapping[str, Kept]
    rest: Memory


def complete(
    pattern: Pattern, names: Sequence[str], within: int | None, memory: Memory
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
    match pattern:
        case AtLeast(number):
            found = _at_least(number, within, memory.kept)
        case InSequence():
            found = _in_sequence(names, within, memory.kept)
        case Count(number):
            return _count(number, within, memory)
        case Absent():
            return None  # only time can tell
        case _:
            assert_never(pattern)
    if found is None:
        return None
    end = max(one.time for one in found.values())
    start = _start(end, within)
    return Outcome(found, memory.where(lambda one: not start <= one.time <= end))


def lapse(
    pattern: Pattern, names: Sequence[str], within: int, memory: Memory, due: int
) -> tuple[Mapping[str, Kept], Memory]:
    """Return the events that waited in vain until `due`, if any did, and what stays remembered.

    Args:
        pattern: what is waited for.
        names: of the elements, in the order written.
        within: the length of the window in microseconds.
        memory: everything remembered.
        due: microseconds since 1970.
    """
    if isinstance(pattern, Absent):
        return _missed(names, within, memory, due)
    events: dict[str, Kept] = {}
    opened, told = memory.opened, memory.told
    if opened is not None and opened + within <= due:
        told = opened + within
        events = {one.name: one for one in memory.kept if opened <= one.time <= told}
        if isinstance(pattern, Count):
            events = {names[0]: memory.kept[-1]}
    live = memory.where(lambda one: one.time + within > due)
    return events, replace(live, told=told)


def condensed(pattern: Pattern, names: Sequence[str], within: int | None, memory: Memory) -> Memory:
    """Return `memory` without what can never be asked for again."""
    match pattern:
        case AtLeast() if within is None:
            newest = {one.name: one for one in memory.kept}
            return memory.where(lambda one: newest[one.name] is one)
        case AtLeast() | InSequence():
            return memory
        case Count():
            *older, newest_of_all = memory.kept
            return replace(memory, kept=(*map(_without_content, older), newest_of_all))
        case Absent():
            return _without_answered(names, within, memory)
        case _:
            assert_never(pattern)


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


def _count(number: int, within: int | None, memory: Memory) -> Outcome | None:
    """Return the newest `number` events of one window; everything until then is used up."""
    kept = memory.kept
    for first in range(len(kept) - number, -1, -1):
        end = kept[first + number - 1].time
        if kept[first].time >= _start(end, within):
            rest = memory.where(lambda one, end=end: one.time > end)  # type: ignore[misc]
            return Outcome({kept[-1].name: kept[-1]}, rest)
    return None


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
