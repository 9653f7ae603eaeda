"""Rules that remember: joins, sequences, counts and absences. Pure; knows no store and no YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from orchestrator.core.definitions import Action
    from orchestrator.core.expression import Expression
    from orchestrator.core.problem import Position


@dataclass(frozen=True, slots=True)
class Element:
    """One of the events a stateful rule waits for.

    Attributes:
        name: what it is called in ``events.NAME``; the event type unless ``as`` says otherwise.
        event_type: its type.
        guard: only events for which this holds count; None for all.
    """

    name: str
    event_type: str
    guard: Expression | None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Fires once `number` distinct elements have come; ``all`` is all of them."""

    number: int


@dataclass(frozen=True, slots=True)
class InSequence:
    """Fires once every element has come, and their event times are in the order written."""


@dataclass(frozen=True, slots=True)
class Count:
    """Fires with the `number`-th event of its one element inside a sliding window."""

    number: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Fires when the first element came and the second, `absent`, did not follow in time."""


Pattern = AtLeast | InSequence | Count | Absent


@dataclass(frozen=True, slots=True)
class StatefulRule:
    """A rule that remembers events per key until its pattern is complete or its time is over.

    Attributes:
        name: unique in the rulebook.
        revision: hash of the normalised definition, 12 hexadecimal digits.
        description: for people.
        elements: what it waits for. For `Absent` the event that starts, then the one that is missed.
        pattern: when it fires.
        within: how long after the first event, by event time; None for no limit.
        by: event type -> the expression of its key; None for the event's correlation key.
        actions: taken when it fires (for `Absent` when the time is over without the event).
        otherwise: taken when the time is over and it has not fired.
        position: where it stands in the rule file.
    """

    name: str
    revision: str
    description: str
    elements: tuple[Element, ...]
    pattern: Pattern
    within: timedelta | None
    by: Mapping[str, Expression] | None
    actions: tuple[Action, ...]
    otherwise: tuple[Action, ...]
    position: Position
