"""Stops an instance for a while, and lets it go on: its own time stands still meanwhile. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.workflow.definition import Wait
from orchestrator.core.workflow.ids import Target

if TYPE_CHECKING:
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Task


def suspend(run: Running) -> None:
    """Stop an instance."""
    run.state.suspended = run.now


def wake(run: Running) -> None:
    """Let an instance go on, if it was stopped: as much of every time is left as was left then.

    A date that a step waits for (``until``) comes when it comes.
    """
    since = run.state.suspended
    if since is None:
        return
    run.state.suspended, run.changed = None, True
    passed = run.now - since
    if run.state.deadline is not None:
        run.state.deadline += passed
    for name, task in run.state.tasks.items():
        if not _is_dated(run, name):
            _defer(task, passed)
        if task.items is not None and (task.items.open or task.items.undoing):
            _defer_items(run, name, task.items.next, passed)


def _is_dated(run: Running, name: str) -> bool:
    work = run.outline.places[name].step.work
    return isinstance(work, Wait) and work.until is not None


def _defer_items(run: Running, name: str, begun: int, passed: int) -> None:
    """Defer the items of a step that have a time; their pieces are written with it."""
    for index, item in run.pieces.items(name, 0, begun):
        if any(each is not None and each.due is not None for each in (item, item.undo)):
            _defer(run.task(Target(name, index)), passed)


def _defer(task: Task, passed: int) -> None:
    for each in (task, task.undo):
        if each is not None and each.due is not None:
            each.due += passed
