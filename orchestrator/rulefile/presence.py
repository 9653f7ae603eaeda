"""Finds actions that read an event which may not have come. Evaluates no expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.problem import Problem
from orchestrator.document import quoted
from orchestrator.rulefile.names import asks_for, events_read, place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from orchestrator.rulefile.actions import ReadAction
    from orchestrator.rulefile.triggers import When


def warn_of_absent(when: When, then: Iterable[ReadAction], otherwise: Iterable[ReadAction]) -> None:
    """Warn of each event that an action reads, may lack, and does not ask for.

    It would fail only on the day when the event is missing. ``then`` has all events, unless some
    of them are enough; ``otherwise`` is sent because not all have come.
    """
    names = {read.element.name for read in when.elements}
    if when.kind == "at_least":
        _warn(then, names)
    if when.kind in {"all", "at_least", "sequence"}:
        _warn(otherwise, names)


def _warn(actions: Iterable[ReadAction], names: Collection[str]) -> None:
    for read in actions:
        for name in sorted(_read_by(read).intersection(names)):
            if not asks_for(read.part, name):
                message = (
                    f"{quoted(name)} may not have come: ask with has(...) first, or read it with "
                    "get(..., default)"
                )
                position = place_of(read.part, name)
                read.part.problems.append(Problem(position, message, "warning"))


def _read_by(read: ReadAction) -> frozenset[str]:
    action = read.action
    formulas = [one for one in (action.guard, action.for_each, action.data) if one is not None]
    return frozenset().union(*(events_read(one.references) for one in formulas))
