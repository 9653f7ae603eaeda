"""Taking back what was done, in reverse order of completion. Knows no reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.workflow import foreach
from orchestrator.core.workflow.attempts import attempt, recall
from orchestrator.core.workflow.closing import close
from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait
from orchestrator.core.workflow.ids import Target
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.state import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.running import Running


def drain(run: Running, step: Step) -> None:
    """Give up an open step unless a command of it is in flight: its effect must become known."""
    task, target = run.state.tasks[step.name], Target(step.name)
    match step.work:
        case Wait() | Awaited() | Approval():
            close(run, target, "cancelled")
        case Group():
            pass  # its members are drained one by one
        case Command() | Run() if task.items is not None:
            foreach.drain(run, step)
        case Command() | Run() if task.status in {"waiting", "unrouted"} and not step.patient:
            close(run, target, "cancelled")
        case Run() if task.status == "running":
            recall(run, target)
        case Command() | Run():
            pass  # until it answers, or its time is over


def take_back(run: Running, container: str) -> bool:
    """Go on taking back what was done in a group, or in the instance; tell whether all is done.

    One after the other, but what was prepared for one transaction side by side: a participant that
    does not answer must not keep the others from hearing that they are free.
    """
    inside = _taken_back(run, container)
    if _any_open(run, inside):
        return False
    aborting: str | None = None
    for name in _left(run, inside):
        transaction = _transaction(run, name)
        if aborting is not None and transaction != aborting:
            continue
        if not _undo(run, name):
            if transaction is None:
                return False
            aborting = transaction
    return aborting is None


def has_stopped(run: Running) -> bool:
    """Tell whether an instance stops, and no transaction is left half done by that."""
    if run.state.phase != "stopping":
        return False
    inside = _taken_back(run, ROOT)
    return not _any_open(run, inside) and not any(_left(run, inside))


def _taken_back(run: Running, container: str) -> frozenset[str]:
    """Return the steps that are taken back; of an instance that stops: those of transactions."""
    if container == ROOT and run.state.phase == "stopping":
        return run.outline.transactional
    return run.outline.inside[container]


def _transaction(run: Running, name: str) -> str | None:
    """Return the transaction that a step belongs to."""
    places = run.outline.places
    for group in places[name].ancestors[:-1]:
        work = places[group].step.work
        if isinstance(work, Group) and work.atomic:
            return group
    return None


def _any_open(run: Running, inside: frozenset[str]) -> bool:
    tasks = run.state.tasks
    return any(name in tasks and tasks[name].is_open for name in inside)


def _left(run: Running, inside: frozenset[str]) -> Iterator[str]:
    """Yield the steps that are still to be undone, the last one done first."""
    for name in reversed(run.state.done):
        undo = run.state.tasks[name].undo
        if name in inside and (undo is None or undo.is_open) and _is_to_be_undone(run, name):
            yield name


def _is_to_be_undone(run: Running, name: str) -> bool:
    """Tell whether a step can be undone, and no transaction made it final."""
    place = run.outline.places[name]
    if place.undo is None:
        return False
    transaction = _transaction(run, name)
    return transaction is None or run.state.tasks[transaction].status != "completed"


def _undo(run: Running, name: str) -> bool:
    """Begin to undo a step, or go on with it; tell whether that is over."""
    task = run.state.tasks[name]
    step = run.outline.places[name].step
    begins = task.undo is None
    if task.undo is None:
        task.undo = Task("running", opened=run.now)
    if step.for_each is not None and task.undo.is_open:
        foreach.go_back(run, step, step.for_each)
    elif begins:
        attempt(run, Target(name, undoing=True))
    return not task.undo.is_open
