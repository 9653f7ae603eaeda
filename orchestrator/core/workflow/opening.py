"""What a step does when its turn has come. Knows nothing of whose turn is next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from orchestrator.core.workflow import foreach
from orchestrator.core.workflow.approval import request
from orchestrator.core.workflow.attempts import attempt
from orchestrator.core.workflow.closing import close, complete
from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait
from orchestrator.core.workflow.failing import fail
from orchestrator.core.workflow.ids import Target
from orchestrator.core.workflow.replies import use_early
from orchestrator.core.workflow.state import Task, milliseconds
from orchestrator.errors import ExpressionError, Refused

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.scope import InstanceScope


def open_step(run: Running, step: Step) -> None:
    """Begin a step, or skip it where its condition does not hold."""
    target = Target(step.name)
    run.state.tasks[step.name] = Task("running", opened=run.now)
    try:
        if step.guard is not None and not step.guard.holds(_scope(run, step)):
            close(run, target, "skipped")
        elif step.for_each is not None:
            foreach.lay_out(run, step, step.for_each)
        else:
            _begin(run, step, target)
    except Refused as refusal:
        fail(run, target, refusal.reason, str(refusal))


def _begin(run: Running, step: Step, target: Target) -> None:
    match step.work:
        case Command() | Run():
            attempt(run, target)
            use_early(run, target)
        case Awaited():
            _set_timeout(run, step)
            use_early(run, target)
        case Wait() as wait:
            _wait(run, step, wait)
        case Approval() as approval:
            request(run, target, approval, approval.role)
        case Group():
            _set_timeout(run, step)
        case _:
            assert_never(step.work)


def _set_timeout(run: Running, step: Step) -> None:
    if step.timeout is not None:
        due = run.now + round(step.timeout.total_seconds() * 1000)
        run.state.tasks[step.name].due = due


def _wait(run: Running, step: Step, wait: Wait) -> None:
    task = run.state.tasks[step.name]
    if wait.until is not None:
        task.due = _time(wait.until(_scope(run, step)), step)
    elif wait.duration is not None:
        task.due = run.now + round(wait.duration.total_seconds() * 1000)
    if task.due is None or task.due <= run.now:
        complete(run, Target(step.name), None)


def _time(value: object, step: Step) -> int:
    """Return the time that an expression gave."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ExpressionError(
            "`until` needs a timestamp with an offset, such as 2026-03-01T09:00:00Z; this"
            " expression gave something else",
            step.position,
        )
    return milliseconds(moment)


def _scope(run: Running, step: Step) -> InstanceScope:
    return run.scope(run.outline.places[step.name].reads)
