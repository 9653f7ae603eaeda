"""What opens now, what is closed by that, and what is taken back: until nothing changes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.workflow import compensation, foreach
from orchestrator.core.workflow.closing import close, complete
from orchestrator.core.workflow.definition import Group
from orchestrator.core.workflow.ending import end
from orchestrator.core.workflow.failing import fail
from orchestrator.core.workflow.ids import Target
from orchestrator.core.workflow.opening import open_step
from orchestrator.core.workflow.outline import ROOT

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.running import Running


def advance(run: Running) -> None:
    """Go on from what changed; a suspended instance stays where it is."""
    while run.changed and run.state.suspended is None and not run.state.is_over:
        run.changed = False
        for step in run.outline.members[ROOT]:
            _visit(run, ROOT, step)
        _finish_instance(run)


def _visit(run: Running, container: str, step: Step) -> None:
    """Open a step if its turn has come; go on with it if it is open."""
    if compensation.has_stopped(run):
        return
    task = run.state.tasks.get(step.name)
    if task is None:
        if not run.goes_on(container) or not _is_ready(run, step):
            return
        open_step(run, step)
        task = run.state.tasks[step.name]
    if not task.is_open:
        return
    if not run.goes_on(container):
        compensation.drain(run, step)
    if isinstance(step.work, Group):
        _visit_group(run, step, step.work)
    elif step.for_each is not None:
        _visit_items(run, step)


def _is_ready(run: Running, step: Step) -> bool:
    """Tell whether every step it depends on is closed, however that ended."""
    tasks = run.state.tasks
    return all(name in tasks and not tasks[name].is_open for name in step.depends_on)


def _visit_items(run: Running, step: Step) -> None:
    if step.for_each is not None and run.state.tasks[step.name].items is not None:
        foreach.proceed(run, step, step.for_each)


def _visit_group(run: Running, group: Step, work: Group) -> None:
    for step in work.steps:
        _visit(run, group.name, step)
    if compensation.has_stopped(run):
        return
    task, target = run.state.tasks[group.name], Target(group.name)
    if task.status == "compensating":
        if compensation.take_back(run, group.name):
            error = task.error or {}
            fail(run, target, error.get("type", ""), error.get("reason", ""))
    elif _all_closed(run, work.steps) and (run.goes_on(group.name) or _all_well(run, work.steps)):
        complete(run, target, None)
    elif not run.goes_on(group.name) and not _any_open(run, work.steps):
        close(run, target, "cancelled")


def _finish_instance(run: Running) -> None:
    """End the instance where nothing is left to do, or to take back."""
    state = run.state
    if state.phase in {"compensating", "stopping"}:
        if compensation.take_back(run, ROOT):
            end(run, "cancelled" if state.cancelled else "faulted")
    elif state.phase == "running" and _all_closed(run, run.outline.members[ROOT]):
        end(run, "completed")


def _all_closed(run: Running, steps: tuple[Step, ...]) -> bool:
    tasks = run.state.tasks
    return all(step.name in tasks and not tasks[step.name].is_open for step in steps)


def _any_open(run: Running, steps: tuple[Step, ...]) -> bool:
    tasks = run.state.tasks
    return any(step.name in tasks and tasks[step.name].is_open for step in steps)


def _all_well(run: Running, steps: tuple[Step, ...]) -> bool:
    tasks = run.state.tasks
    return all(tasks[step.name].status in {"completed", "skipped"} for step in steps)
