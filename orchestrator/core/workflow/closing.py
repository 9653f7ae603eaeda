"""How a step, an item or a compensation ends, and who counts that. Sends nothing but the news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.core.workflow.ids import Target
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Task, TaskStatus

_NEWS: Final = {
    "completed": "step.completed",
    "failed": "step.failed",
    "skipped": "step.skipped",
}


def complete(run: Running, target: Target, output: object) -> None:
    """Close a task as done."""
    task = run.task(target)
    task.output, task.error, task.unknown = output, None, False
    close(run, target, "completed")


def close(run: Running, target: Target, status: TaskStatus) -> None:
    """Close a task."""
    task = run.task(target)
    task.status, task.closed, task.due, task.prepared = status, run.now, None, None
    run.changed = True
    run.state.incidents.pop(str(target), None)
    if target.index is not None:
        _count_item(run, target, status)
    elif not target.undoing:
        _enter(run, target.step, task)


def _count_item(run: Running, target: Target, status: TaskStatus) -> None:
    items = run.state.tasks[target.step].items
    if items is None:
        raise RuntimeError(f"step {target.step} has no items")
    if target.undoing:
        items.undoing -= 1
        return
    items.open -= 1
    if status == "completed":
        items.done += 1
    elif status == "failed":
        items.failed += 1


def _enter(run: Running, step: str, task: Task) -> None:
    """Remember in which order steps were closed, and tell the world."""
    if task.may_have_an_effect:
        run.state.done.append(step)
    if news := _NEWS.get(task.status):
        error = {"error": task.error} if task.error else {}
        run.announce(news, step=step, status=task.status, **error)
