"""Finds what is allowed in a workflow and likely a mistake. Evaluates nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core.problem import Problem
from orchestrator.core.workflow.definition import Approval, Awaited, Command, Run, Wait
from orchestrator.core.workflow.retry import delay_ms
from orchestrator.document import quoted
from orchestrator.rulefile.names import INSTANCE, STEPS, asks_for, place_of
from orchestrator.rulefile.workflows.upstream import formulas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.definitions import Action
    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.workflow.definition import OnFailure, Step
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.workflows.steps import ReadStep
    from orchestrator.rulefile.workflows.workflow import ReadWorkflow

_MANY = 1000
_ERROR = (INSTANCE, "error")


def warn_of_doubts(read: ReadWorkflow) -> None:
    """Warn of waits without end, of timeouts that come too early, and of what nothing undoes."""
    steps = list(read.every_step)
    _warn_of_endless_waits(read, steps)
    _warn_of_short_timeouts(read, steps)
    _warn_of_nothing_undone(read, steps)
    _warn_of_missing_outputs(read, steps)


def _warn_of_endless_waits(read: ReadWorkflow, steps: list[ReadStep]) -> None:
    for each in steps:
        _warn_of_endless_undoing(each)
    if read.plan.timeout is not None:
        return
    for each in steps:
        step = each.step
        waits = isinstance(step.work, Awaited | Run) or (
            isinstance(step.work, Command) and step.work.awaits
        )
        if waits and step.timeout is None and not step.patient:
            each.part.refuse(
                f"{quoted(step.name)} waits without end when no answer comes: give it a `timeout`, "
                "or the workflow",
                "warning",
            )


def _warn_of_endless_undoing(read: ReadStep) -> None:
    """Warn of a compensation that nothing ends: the time of the workflow is no limit to it."""
    undoing, part = read.step.compensation, read.part.all_entries().get("compensate")
    if part is not None and undoing and undoing.command.awaits and undoing.timeout is None:
        part.refuse_key(
            f"taking back {quoted(read.step.name)} waits without end when no answer comes: give it "
            "a `timeout`",
            "warning",
        )


def _warn_of_short_timeouts(read: ReadWorkflow, steps: list[ReadStep]) -> None:
    longest = read.plan.timeout
    if longest is None:
        return
    for each in steps:
        needed, what = _longest(each.step), "has had all its attempts"
        if isinstance(each.step.work, Wait):
            needed, what = each.step.work.duration, "has waited so long"
        elif isinstance(each.step.work, Approval):
            needed, what = _longest_asked(each.step.work), "has asked everybody in vain"
        if needed is not None and needed > longest:
            read.entries["timeout"].refuse(
                f"the workflow gives up before {quoted(each.step.name)} {what}: "
                "make this longer, or that shorter",
                "warning",
            )


def _longest_asked(approval: Approval) -> timedelta | None:
    """Return how long people have to decide; None where that has no end."""
    if approval.deadline is None:
        return None
    return approval.deadline * (1 if approval.escalate_to is None else 2)


def _longest(step: Step) -> timedelta | None:
    """Return how long all attempts of a step may take; None where that has no end."""
    if step.timeout is None or step.patient:
        return None
    if step.retry is None:
        return step.timeout
    attempts = step.retry.attempts
    if attempts is None or attempts > _MANY:
        return None
    steady = replace(step.retry, jitter=False)
    delays = (delay_ms(steady, attempt, "") or 0 for attempt in range(1, attempts))
    return step.timeout * attempts + timedelta(milliseconds=sum(delays))


def _warn_of_nothing_undone(read: ReadWorkflow, steps: list[ReadStep]) -> None:
    """Warn where a failure would compensate, and nothing says how."""
    written = read.entries.get("on_failure")
    if written and written.value == "compensate" and not any(s.step.compensation for s in steps):
        written.refuse(
            "no step has a `compensate`, so a failure undoes nothing: add one, or write "
            "`on_failure: stop`",
            "warning",
        )


def _warn_of_missing_outputs(read: ReadWorkflow, steps: list[ReadStep]) -> None:
    """Warn of each output that is read, may not be there, and is not asked for.

    What is sent in the end is sent after any of the steps failed, unless it is ``then``.
    """
    doubtful = set(_doubtful(read.steps, read.plan.on_failure))
    for each in steps:
        _warn_of_missing(each.part, formulas(each.step), doubtful)
    for sent in read.then:
        _warn_of_missing(sent.part, _formulas_of(sent.action), doubtful)
        _warn_of_no_error(sent.part, _formulas_of(sent.action))
    for sent in read.otherwise:
        _warn_of_missing(sent.part, _formulas_of(sent.action), {each.step.name for each in steps})


def _doubtful(steps: Iterable[ReadStep], on_failure: OnFailure) -> Iterator[str]:
    """Yield the steps that may be skipped, or after whose failure the rest goes on."""
    for each in steps:
        own = each.step.on_failure or on_failure
        if each.step.guard is not None or own == "continue":
            yield each.step.name
        yield from _doubtful(each.members, own)


def _warn_of_missing(
    part: Part, reading: Iterable[Expression | Template | None], doubtful: set[str]
) -> None:
    outputs, errors = _fields_read(reading)
    missing = dict.fromkeys(errors, "not have failed, and then has no error")
    skipped = "have been skipped, or have failed, and then has no output"
    missing |= dict.fromkeys(outputs & doubtful, skipped)
    for name, why in sorted(missing.items()):
        if not asks_for(part, name, STEPS):
            message = (
                f"{quoted(name)} may {why}: ask with has(...) first, or read it with "
                "get(..., default)"
            )
            part.problems.append(Problem(place_of(part, name, STEPS), message, "warning"))


def _warn_of_no_error(part: Part, reading: Iterable[Expression | Template | None]) -> None:
    """Warn of the error of an instance in what is sent where there was none."""
    paths = [path for each in reading if each is not None for path in each.references]
    reads = any(path[:2] == _ERROR and path != _ERROR for path in paths)
    if reads and not asks_for(part, "error", INSTANCE):
        message = "all went well where `then` is sent, and `instance.error` is null: drop this"
        position = place_of(part, "error", INSTANCE)
        part.problems.append(Problem(position, message, "warning"))


def _fields_read(reading: Iterable[Expression | Template | None]) -> tuple[set[str], set[str]]:
    """Return the steps of whose output, and of whose error, a field is read.

    What is read as a whole is null at worst.
    """
    deepest = 3  # steps, name, output
    paths = [path for each in reading if each is not None for path in each.references]
    deep = [path for path in paths if path[0] == STEPS and len(path) > deepest]
    errors = {path[1] for path in deep if path[2] == "error"}
    return {path[1] for path in deep if path[2] != "error"}, errors


def _formulas_of(action: Action) -> tuple[Expression | Template | None, ...]:
    return action.guard, action.for_each, action.data
