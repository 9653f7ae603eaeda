"""An instance of a workflow as a document, for people and programs. Decides nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestrator.core.workflow.pieces import Pieces, items_of
from orchestrator.core.workflow.state import moment_of, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.core.workflow.state import Task
    from orchestrator.ports import InstanceKey


def account(at: InstanceKey, instance: Instance) -> dict[str, object]:
    """Return what is known of an instance: JSON values, times in ISO 8601.

    Args:
        at: which it is.
        instance: as it is stored, with the pieces that were loaded.
    """
    state = unpack(instance.state)
    return {
        "workflow": at.definition,
        "key": at.key,
        "id": state.id,
        "status": str(instance.status),
        "revision": instance.revision,
        "started_at": _iso(state.started),
        "ended_at": _iso(state.ended),
        "deadline": _iso(state.deadline),
        "error": state.error,
        "incidents": state.incidents,
        "parent": state.parent,
        "input": state.input,
        "variables": state.variables,
        "steps": [_step(name, task, instance.parts) for name, task in state.tasks.items()],
    }


def outputs(instance: Instance) -> dict[str, object]:
    """Return the outputs of the steps that are completed, by name; all pieces must be loaded."""
    pieces = Pieces(instance.parts)
    return {
        name: task.output
        if task.items is None
        else [item.output for _, item in pieces.items(name, 0, task.items.total)]
        for name, task in unpack(instance.state).tasks.items()
        if task.status == "completed"
    }


def open_steps(instance: Instance) -> list[str]:
    """Return what an instance is at: steps, compensations as ``NAME~``, each with who is asked."""
    return [
        f"{name} (asks {task.role})" if task.role else name
        for step, whole in unpack(instance.state).tasks.items()
        for name, task in ((step, whole), (f"{step}~", whole.undo))
        if task is not None and task.is_open
    ]


def is_workflow(instance: Instance) -> bool:
    """Tell whether an instance is a workflow's, and not what a rule remembers."""
    return instance.state.startswith(b'{"id":')


def began(instance: Instance, run: str, message: str) -> bool:
    """Tell whether an order began an instance, at once or after the end of the one before.

    Args:
        instance: as it is stored.
        run: the id it has if the order began it at once.
        message: the id of the order.
    """
    state = unpack(instance.state)
    return state.id == run or state.start.cause == message


def _step(name: str, task: Task, parts: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "name": name,
        "status": task.status,
        "opened_at": _iso(task.opened or None),
        "closed_at": _iso(task.closed),
        "attempts": task.attempt,
        "due": _iso(task.due),
        "role": task.role,
        "output": task.output,
        "error": task.error or _waits_for(name, task, parts),
        "items": asdict(task.items) if task.items is not None else None,
        "compensation": _step(f"{name}~", task.undo, {}) if task.undo is not None else None,
    }


def _waits_for(name: str, task: Task, parts: Mapping[str, bytes]) -> dict[str, str] | None:
    """Return why an item of a for-each is not sent to anybody, as far as pieces were loaded."""
    if task.items is None or not task.is_open:
        return None
    items = (item for piece, packed in parts.items() for item in _own(name, piece, packed))
    return next((item.error for item in items if item.status == "unrouted"), None)


def _own(step: str, piece: str, packed: bytes) -> Sequence[Task]:
    return items_of(packed) if piece.rpartition("/")[0] == step else ()


def _iso(time: int | None) -> str | None:
    moment = moment_of(time)
    return None if moment is None else moment.isoformat(timespec="milliseconds")
