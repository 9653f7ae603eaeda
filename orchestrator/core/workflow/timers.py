"""What follows when a time is over: the next attempt, a failure, or nothing at all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from orchestrator.core.expression.times import format_duration
from orchestrator.core.workflow.approval import escalate
from orchestrator.core.workflow.attempts import attempt, lose
from orchestrator.core.workflow.closing import complete
from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait
from orchestrator.core.workflow.failing import fail, roll_back, stop
from orchestrator.core.workflow.ids import Target
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.state import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from orchestrator.core.decision import Elapsed
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Fault, Task


def lapse(run: Running, elapsed: Elapsed) -> None:
    """Work off everything that is due by then; a suspended instance lets its times pass."""
    due = milliseconds(elapsed.due)
    if elapsed.part:
        step, _, _ = elapsed.part.rpartition("/")
        items = run.pieces.touch(elapsed.part)
        tasks: Iterable[tuple[Target, Task]] = [(Target(step, i), item) for i, item in items]
    else:
        tasks = [(Target(name), task) for name, task in run.state.tasks.items()]
    if run.state.suspended:
        return
    for target, task in tasks:
        _lapse_task(run, target, task, due)
        if task.undo is not None:
            undoing = Target(target.step, target.index, undoing=True)
            _lapse_task(run, undoing, task.undo, due)
    _lapse_instance(run, due)


def _lapse_instance(run: Running, due: int) -> None:
    deadline, plan = run.state.deadline, run.outline.plan
    if deadline is None or deadline > due:
        return
    reason = f"not done within {_text(plan.timeout)}"
    error: Fault = {"step": None, "type": "timeout", "reason": reason}
    if plan.on_failure == "stop":
        stop(run, error)
    else:
        roll_back(run, ROOT, error)


def _lapse_task(run: Running, target: Target, task: Task, due: int) -> None:
    if task.due is None or task.due > due:
        return
    if task.status in {"waiting", "unrouted"}:
        attempt(run, target)
        return
    step = run.place(target).step
    work = run.errand(target).work if target.undoing else step.work
    match work:
        case Command() | Run():
            task.unknown = True
            waited = _text(run.errand(target).timeout)
            lose(run, target, "timeout", f"no answer within {waited}")
        case Awaited():
            fail(run, target, "timeout", f"nothing came within {_text(step.timeout)}")
        case Wait():
            complete(run, target, None)
        case Approval() as approval:
            escalate(run, target, approval)
        case Group() as group:
            task.due = None
            if not _is_final(run, group):
                reason = f"not done within {_text(step.timeout)}"
                roll_back(run, step.name, {"step": step.name, "type": "timeout", "reason": reason})
        case _:
            assert_never(work)


def _is_final(run: Running, group: Group) -> bool:
    """Tell whether a transaction commits already: then it is too late to be too late."""
    tasks = run.state.tasks
    return any(member.patient and member.name in tasks for member in group.steps)


def _text(duration: timedelta | None) -> str:
    return format_duration(duration) if duration is not None else "its time"
