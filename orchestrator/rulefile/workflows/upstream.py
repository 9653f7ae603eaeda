"""Finds expressions that read a step which need not be closed yet. Evaluates none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.problem import Problem
from orchestrator.core.workflow.definition import Approval, Command, Group, Run, Wait
from orchestrator.document import quoted
from orchestrator.rulefile.names import STEPS, place_of, read_under

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.workflow.definition import Step
    from orchestrator.rulefile.workflows.steps import ReadStep


def refuse_unready(steps: Sequence[ReadStep]) -> None:
    """Refuse what reads ``steps.NAME`` in a step that does not wait for it."""
    known = frozenset(read.step.name for step in steps for read in step.walk())
    _refuse_unready(steps, known, frozenset())


def _refuse_unready(
    steps: Sequence[ReadStep], known: frozenset[str], before: frozenset[str]
) -> None:
    """Refuse it in steps beside each other; what is `before` is closed when any of them opens."""
    by_name = {read.step.name: read for read in steps}
    for read in steps:
        ready = before | _ancestors(read.step, by_name)
        for name in sorted(_reads(read.step) & known - ready):
            if name == read.step.name:
                message = "a step cannot read its own output before it is done: read another step's"
            else:
                message = (
                    f"{quoted(name)} need not be done when {quoted(read.step.name)} begins: add it "
                    "to `depends_on`, or put it before"
                )
            read.part.problems.append(Problem(place_of(read.part, name, STEPS), message))
        _refuse_unready(read.members, known, ready)


def _ancestors(step: Step, by_name: dict[str, ReadStep]) -> frozenset[str]:
    """Return the names of all steps that are closed when a step opens, members included."""
    found: set[str] = set()
    waiting = list(step.depends_on)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            found.update(member.step.name for member in by_name[name].walk())
            waiting += by_name[name].step.depends_on
    return frozenset(found)


def _reads(step: Step) -> frozenset[str]:
    """Return the steps that are read when a step opens; its compensation is none of that."""
    return frozenset().union(
        *(read_under(STEPS, one.reads) for one in formulas(step) if one is not None)
    )


def formulas(step: Step) -> Iterator[Expression | Template | None]:
    """Yield what a step evaluates when it opens, itself alone."""
    yield step.guard
    if step.for_each:
        yield step.for_each.items
    match step.work:
        case Command(data=data) | Run(data=data) | Approval(data=data):
            yield data
        case Wait(until=until):
            yield until
        case Group():
            return
