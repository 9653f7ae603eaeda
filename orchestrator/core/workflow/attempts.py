"""One attempt after the other at a step, an item or a compensation. Knows no order of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.workflow import letters
from orchestrator.core.workflow.closing import complete
from orchestrator.core.workflow.definition import Run
from orchestrator.core.workflow.failing import fail
from orchestrator.core.workflow.ids import command_id
from orchestrator.core.workflow.retry import delay_ms
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.workflow.ids import Target
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Task

UNROUTED_MS: Final = (1_000, 30_000)
"""How long a command waits, at least and at most, before it looks again for somebody who can do it.

Thousands may wait for one service that is down: the longer they do, the more seldom each looks.
"""
_PATIENCE: Final = 8  # looks again after this part of the time since the step was opened


def attempt(run: Running, target: Target) -> None:
    """Send the next command of a task, or close it where none can be sent."""
    task, errand = run.task(target), run.errand(target)
    try:
        sent = letters.letter(run, target, task.attempt + 1)
    except Refused as refusal:
        fail(run, target, refusal.reason, str(refusal))
        return
    if isinstance(sent, letters.Unrouted):
        _wait_for_somebody(run, task, sent.capability)
        return
    run.dispatch.send(sent)
    if task.error is not None and task.error.get("type") == "unrouted":
        task.error = None  # it is over, unlike the reason of an attempt that failed
    task.attempt += 1
    task.status, task.due = "running", None
    if not errand.awaits:
        complete(run, target, None)
    elif errand.timeout is not None:
        task.due = run.now + round(errand.timeout.total_seconds() * 1000)


def _wait_for_somebody(run: Running, task: Task, capability: str) -> None:
    shortest, longest = UNROUTED_MS
    pause = min(max((run.now - task.opened) // _PATIENCE, shortest), longest)
    task.status, task.due = "unrouted", run.now + pause
    task.error = {"type": "unrouted", "reason": f"waits for somebody who can {capability}"}


def try_again(run: Running, target: Target) -> None:
    """Send the next command of a task that waited for that; not where it is about to be given up.

    Whatever makes that so may come at the very same time.
    """
    if _may_retry(run, target):
        attempt(run, target)


def recall(run: Running, target: Target) -> None:
    """Tell a sub-workflow in flight to take itself back, once; its answer is waited for."""
    task = run.task(target)
    if not task.recalled:
        run.dispatch.send(letters.recall(run, target, task.attempt + 1))
        task.attempt, task.recalled = task.attempt + 1, True


def recall_unheard(run: Running, target: Target) -> None:
    """Tell a sub-workflow in flight the same where nobody will wait for its answer any more."""
    errand = None if target.undoing else run.place(target).errand
    task = run.task(target)
    if errand is not None and isinstance(errand.work, Run) and task.status == "running":
        recall(run, target)


def lose(run: Running, target: Target, error_type: str, reason: str) -> None:
    """Take note that an attempt failed in a way that another one may mend."""
    task = run.task(target)
    tried = task.attempt - task.base
    following = command_id(run.state.id, target, task.attempt + 1)
    delay = delay_ms(run.errand(target).retry, tried, following)
    if delay is None or not _may_retry(run, target):
        fail(run, target, error_type, reason)
        return
    task.status, task.due = "waiting", run.clock + delay
    task.error = {"type": error_type, "reason": reason}


def _may_retry(run: Running, target: Target) -> bool:
    """Tell whether another attempt makes sense: not where everything is being taken back."""
    place = run.place(target)
    return target.undoing or place.step.patient or run.goes_on(place.parent)
