"""What follows when a time is over: the next attempt, a failure, or nothing at all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from orchestrator.core.expression.times import compact_duration
from orchestrator.core.workflow.approval import escalate
from orchestrator.core.workflow.attempts import lose, try_again
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
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Fault, Task


def lapse(run: Running, elapsed: Elapsed) -> None:
    """Work off everything that is due by then; the times of a suspended instance stand still."""
    due = milliseconds(elapsed.due)
    if elapsed.part:
        step, _, _ = elapsed.part.rpartition("/")
        items = run.pieces.touch(elapsed.part)
        tasks: Iterable[tuple[Target, Task]] = [(Target(step, i), item) for i, item in items]
    else:
        tasks = [(Target(name), task) for name, task in run.state.tasks.items()]
    if run.state.suspended is not None:
        return
    _lapse_instance(run, due)
    for target, task in tasks:
        _lapse_task(run, target, task, due)
        if task.undo is not None:
            undoing = Target(target.step, target.index, undoing=True)
            _lapse_task(run, undoing, task.undo, due)


def _lapse_instance(run: Running, due: int) -> None:
    """Let the time of the instance be over; what it takes back already waits no longer either.

    Nothing is taken back where all is done, and only its last messages cannot be sent.
    """
    state, plan, outline = run.state, run.outline.plan, run.outline
    if state.deadline is None or state.deadline > due:
        return
    state.deadline = None
    if "then" in state.incidents:
        return
    reason = f"not done within {_text(plan.timeout)}"
    error: Fault = {"step": None, "type": "timeout", "reason": reason}
    stops = plan.on_failure == "stop" and state.phase == "running"
    if stops or state.phase == "stopping":
        _hasten(run, outline.transactional, due)
        stop(run, error)
    else:
        _hasten(run, outline.inside[ROOT], due)
        roll_back(run, ROOT, error)


def _lapse_task(run: Running, target: Target, task: Task, due: int) -> None:
    if task.due is None or task.due > due:
        return
    if task.status in {"waiting", "unrouted"}:
        try_again(run, target)
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
        case Group():
            _lapse_group(run, step, task, due)
        case _:
            assert_never(work)


def _lapse_group(run: Running, group: Step, task: Task, due: int) -> None:
    """Let a group fail, unless it is a transaction that commits: then it is too late for that."""
    task.due = None
    places, inside = run.outline.places, run.outline.inside[group.name]
    if any(name in run.state.tasks and places[name].step.patient for name in inside):
        return
    _hasten(run, inside, due)
    reason = f"not done within {_text(group.timeout)}"
    roll_back(run, group.name, {"step": group.name, "type": "timeout", "reason": reason})


def _hasten(run: Running, inside: frozenset[str], due: int) -> None:
    """Let the time of commands in flight that have no limit of their own be over as well.

    They would be waited for without end before anything is taken back.
    """
    places = run.outline.places
    for name, task in run.state.tasks.items():
        if name not in inside or places[name].errand is None or places[name].step.patient:
            continue
        if task.items is None:
            _set_due(task, due)
        elif task.items.open > 0:
            for index, item in run.pieces.items(name, 0, task.items.next):
                if item.status == "running":
                    _set_due(run.task(Target(name, index)), due)


def _set_due(task: Task, due: int) -> None:
    if task.status == "running" and task.due is None:
        task.due = due


def _text(duration: timedelta | None) -> str:
    return compact_duration(duration) if duration is not None else "its time"
