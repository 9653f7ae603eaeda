"""What a rule that remembers waits for. Values only; knows no events and no time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.expression import Expression


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
