"""Why an order does not fit an instance, told before it is sent. The machine has the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.ids import read_target
from orchestrator.core.workflow.state import unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Instance
    from orchestrator.core.workflow.state import State, Task


def unfit(instance: Instance, order: str, told: Mapping[str, Any]) -> str | None:
    """Return what speaks against an order as things stand; None if nothing does.

    Args:
        instance: as it is stored.
        order: cancel, suspend, resume, retry, skip or resolve; approved or rejected for a decision.
        told: ``step`` and ``role`` where they belong to it.
    """
    state = unpack(instance.state)
    if order in {"approved", "rejected"}:
        return _unfit_decision(state, told)
    if order == "retry":
        return _unfit_step(state, told["step"])
    objections = {
        "suspend": "it is suspended already" if state.suspended else None,
        "resume": None if state.suspended else "it is not suspended",
        "cancel": None if state.phase == "running" else f"it is {state.phase} already",
        "resolve": None if state.incidents else "it has no incident: cancel it to end it",
    }
    return objections.get(order)


def _unfit_decision(state: State, told: Mapping[str, Any]) -> str | None:
    task = state.tasks.get(told["step"])
    if task is None or not task.is_open:
        return _not_open(state, told["step"], task)
    if task.role is None:
        return f"step {told['step']} does not wait for a person"
    if task.role != told["role"]:
        return f"step {told['step']} waits for the role {task.role}, not {told['role']}"
    return None


def _unfit_step(state: State, step: str) -> str | None:
    if step in state.incidents:
        return None
    target = read_target(step.removesuffix("~"))
    task = state.tasks.get(target.step) if target is not None else None
    if task is not None and step.endswith("~"):
        task = task.undo
    return None if task is not None and task.is_open else _not_open(state, step, task)


def _not_open(state: State, step: str, task: Task | None) -> str:
    if task is not None:
        return f"step {step} is {task.status}"
    opened = ", ".join(name for name, each in state.tasks.items() if each.is_open) or "none"
    return f"step {step} is not open: open are {opened}"
