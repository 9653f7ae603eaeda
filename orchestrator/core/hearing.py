"""What a rule makes of an event, clause by clause, before it decides anything. Pure; asks no store.

The rule is asked as it is now: it may have been another one when the event came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.clauses import weigh
from orchestrator.core.definitions import Rule
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.workflow.machine import Workflow
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orchestrator.core.clauses import Clause
    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Event
    from orchestrator.core.expression import Expression


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a rule says to an event.

    Attributes:
        rule: the rule.
        wants: whether its guard lets the event through; None where that cannot be told.
        guard: its guard, weighed; None where it has none, or looks for something of its own in the
            event. Of several elements the closest one's.
        element: the element that the event counts for, or comes closest to; None for a rule
            without elements.
        key: what its state is kept under; None where the event has no such key.
        problem: why its guard or its key fails; empty where they do not.
    """

    rule: Definition
    wants: bool | None
    guard: Clause | None
    element: str | None = None
    key: str | None = None
    problem: str = ""

    @property
    def closeness(self) -> float:
        """Return how much of its guard holds, from 0 to 1."""
        return float(bool(self.wants)) if self.guard is None else self.guard.closeness


def hear(rule: Definition, event: Event, now: datetime) -> Hearing:
    """Return what `rule` says to `event`, one of a type it wants.

    Args:
        rule: a definition of any kind.
        event: the event.
        now: what its expressions take for the present.
    """
    scope = Scope(event, now)
    guard, element = _closest(_guards(rule, event.type), scope)
    wants = _is_for(rule, event, scope) if guard is None else guard.holds
    if not wants:
        return Hearing(rule, wants, guard, element, problem=guard.problem if guard else "")
    try:
        key = rule.key(event, scope)
    except Refused as error:
        return Hearing(rule, None, guard, element, problem=str(error))
    return Hearing(rule, wants, guard, element, key)


def hear_all(rulebook: Rulebook, event: Event, now: datetime) -> list[Hearing]:
    """Return what every rule that wants events of this type says to `event`, in file order."""
    return [hear(rule, event, now) for rule, _ in rulebook.by_type.get(event.type, ())]


def nearest(hearings: Iterable[Hearing]) -> Hearing | None:
    """Return the one of which most of the guard holds; the first of equals."""
    return max(hearings, key=lambda each: each.closeness, default=None)


def _guards(rule: Definition, event_type: str) -> list[tuple[Expression | None, str | None]]:
    """Return the conditions under which a rule takes an event, each with its element."""
    match rule:
        case Rule(guard=guard):
            return [(guard, None)]
        case StatefulRule(elements=elements):
            return [(each.guard, each.name) for each in elements if each.event_type == event_type]
        case Workflow() if event_type not in rule.outline.awaiting:
            return [
                (each.guard, None) for each in rule.plan.starts if each.event_type == event_type
            ]
        case _:
            return []


def _is_for(rule: Definition, event: Event, scope: Scope) -> bool | None:
    """Return whether a rule that has no guard wants the event: a reply may be meant for another."""
    condition = rule.condition(event.type)
    try:
        return condition is None or condition(scope)
    except Refused:
        return None


def _closest(
    guards: list[tuple[Expression | None, str | None]], scope: Scope
) -> tuple[Clause | None, str | None]:
    """Return the first guard that lets the event through, else the one that comes closest."""
    weighed: list[tuple[Clause, str | None]] = []
    for guard, element in guards:
        if guard is None:
            return None, element
        clause = weigh(guard, scope)
        if clause.holds:
            return clause, element
        weighed.append((clause, element))
    return max(weighed, key=lambda each: each[0].closeness, default=(None, None))
