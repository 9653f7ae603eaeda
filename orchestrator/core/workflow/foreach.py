"""A step taken once per item: as many at once as allowed, there and back. Knows no other steps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import budget_of
from orchestrator.core.expression.text import to_json
from orchestrator.core.workflow.attempts import attempt, recall
from orchestrator.core.workflow.closing import close, complete
from orchestrator.core.workflow.definition import Run as SubWorkflow
from orchestrator.core.workflow.ids import Target
from orchestrator.core.workflow.state import Items, Task
from orchestrator.errors import ExpressionError, Refused

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import ForEach, Step
    from orchestrator.core.workflow.running import Running


def lay_out(run: Running, step: Step, repeated: ForEach) -> None:
    """Evaluate the items of a step, once.

    Raises:
        ExpressionError: they are no list, or too many.
    """
    values = _values(run, step, repeated)
    if len(values) > repeated.max_items:
        raise ExpressionError(
            f"for_each has {len(values):,} items, over the limit of {repeated.max_items:,}: split"
            " the list, run a workflow per part of it, or raise `max_items`",
            step.position,
        )
    run.state.tasks[step.name].items = Items(len(values))
    run.pieces.create(step.name, values)
    _prepare(run, step, repeated)


def _values(run: Running, step: Step, repeated: ForEach) -> list[object]:
    """Return the items as they are kept: an item is the same to the first attempt and the last."""
    scope = run.scope(run.outline.places[step.name].reads)
    values = repeated.items(scope)
    if not isinstance(values, list):
        raise ExpressionError(
            "for_each needs a list; this expression gave something else", step.position
        )
    try:
        return [to_json(budget_of(scope), value) for value in values]
    except EvaluationError as failure:
        raise ExpressionError(f"for_each {failure}", step.position) from None


def _prepare(run: Running, step: Step, repeated: ForEach) -> None:
    """Compute the data of all items now where it takes outputs of other lists.

    Those are loaded now, once; each reply would have to load them all again for the next item.
    """
    errand, tasks = run.outline.places[step.name].errand, run.state.tasks
    if errand is None or errand.work.data is None or not errand.reads:
        return
    if any(name not in tasks or tasks[name].is_open for name in errand.reads):
        return  # what they give is not known before an item's turn comes
    scope = run.scope(errand.reads)
    scope["steps"]  # found once, for all items
    for index in range(_items(tasks[step.name]).total):
        item = run.pieces.item(step.name, index)
        with suppress(Refused):  # it is refused again, and told, when its turn comes
            item.prepared = {"data": errand.work.data(scope.with_item(repeated.name, item.item))}


def proceed(run: Running, step: Step, repeated: ForEach) -> None:
    """Open the next items of a step; close the step when none is left."""
    name, task = step.name, run.state.tasks[step.name]
    items = _items(task)
    parent = run.outline.places[name].parent
    while items.next < items.total and items.open < repeated.max_parallel:
        if task.error is not None or not run.goes_on(parent):
            break
        target = Target(name, items.next)
        opened = run.pieces.item(name, items.next)
        items.next, items.open = items.next + 1, items.open + 1
        opened.status, opened.opened = "running", run.now
        attempt(run, target)
    if items.open > 0:
        return
    if task.error is not None:
        close(run, Target(name), "failed")
    elif items.next == items.total:
        complete(run, Target(name), None)
    else:
        close(run, Target(name), "cancelled")


def drain(run: Running, step: Step) -> None:
    """Give up the items that are between two attempts, and call back the workflows in flight."""
    items = _items(run.state.tasks[step.name])
    if items.drained:
        return
    items.drained = True
    for index, item in run.pieces.items(step.name, 0, items.next):
        target = Target(step.name, index)
        if item.status in {"waiting", "unrouted"}:
            close(run, target, "cancelled")
        elif item.status == "running" and isinstance(step.work, SubWorkflow):
            recall(run, target)


def go_back(run: Running, step: Step, repeated: ForEach) -> None:
    """Compensate the items of a step from the last to the first."""
    task = run.state.tasks[step.name]
    items = _items(task)
    back = items.next - 1 if items.back is None else items.back
    while back >= 0 and items.undoing < repeated.max_parallel:
        ((_, item),) = run.pieces.items(step.name, back, back + 1)
        if item.may_have_an_effect:
            run.pieces.item(step.name, back).undo = Task("running", opened=run.now)
            items.undoing += 1
            attempt(run, Target(step.name, back, undoing=True))
        back -= 1
    items.back = back
    if back < 0 and items.undoing == 0:
        complete(run, Target(step.name, undoing=True), None)


def _items(task: Task) -> Items:
    if task.items is None:
        raise RuntimeError("this step is taken once")
    return task.items
