"""What all kinds of rule have in common once they are read. Reads nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.definitions import Rule
    from orchestrator.core.problem import Position
    from orchestrator.core.scheduled import ScheduledRule
    from orchestrator.core.stateful import StatefulRule
    from orchestrator.core.workflow.machine import Workflow
    from orchestrator.rulefile.actions import ReadAction

Finished: TypeAlias = "Rule | StatefulRule | ScheduledRule | Workflow"
"""Every kind of definition that can be read."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a rule is called and where it stands."""

    name: str
    revision: str
    description: str
    position: Position


class Content(Protocol):
    """What a rule waits for and what it sends."""

    @property
    def triggers(self) -> tuple[str, ...]:
        """The event types, without repetition."""

    @property
    def unconditional(self) -> frozenset[str]:
        """The event types of which any one is enough, whatever it holds."""

    @property
    def actions(self) -> Sequence[ReadAction]:
        """Everything it may send, now or later."""

    @property
    def definition(self) -> dict[str, object]:
        """Normalised, without name and description: what the revision is made of."""

    @property
    def needs_name(self) -> str | None:
        """Why a name that follows from the file would not do; None where it does."""

    def finished(self, heading: Heading) -> Finished:
        """Return the rule under its heading."""
