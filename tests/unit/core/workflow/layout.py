"""Where the steps of a plan stand, as the model looks at it. Knows nothing of what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.workflow.definition import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.workflow.definition import Plan, Step

Key = tuple[str, int | None]
"""A step, or an item of one."""


@dataclass(frozen=True)
class Layout:
    """A plan, and how many items each for-each has."""

    plan: Plan
    counts: dict[str, int]

    def steps(self) -> Iterator[tuple[Step, tuple[Step, ...]]]:
        """Yield every step that is no group, with the groups around it, the innermost first."""
        return (
            (each, around) for each, around in _walk(self.plan.steps, ()) if _members(each) is None
        )

    def everything(self, steps: Iterable[Step] | None = None) -> Iterator[Step]:
        """Yield these steps, or all, each group before its members."""
        return (each for each, _ in _walk(self.plan.steps if steps is None else steps, ()))

    def around(self, wanted: Step) -> tuple[Step, ...]:
        """Return the groups around a step, the innermost first."""
        return next(around for each, around in _walk(self.plan.steps, ()) if each is wanted)

    def find(self, key: Key) -> tuple[Step, tuple[Step, ...]]:
        """Return the step of a key, with the groups around it."""
        return next(pair for pair in self.steps() if pair[0].name == key[0])

    def keys(self, step: Step) -> list[Key]:
        if step.for_each is None:
            return [(step.name, None)]
        return [(step.name, index) for index in range(self.counts[step.name])]


def is_atomic(step: Step) -> bool:
    return isinstance(step.work, Group) and step.work.atomic


def _members(step: Step) -> tuple[Step, ...] | None:
    return step.work.steps if isinstance(step.work, Group) else None


def _walk(
    steps: Iterable[Step], around: tuple[Step, ...]
) -> Iterator[tuple[Step, tuple[Step, ...]]]:
    for each in steps:
        yield each, around
        yield from _walk(_members(each) or (), (each, *around))
