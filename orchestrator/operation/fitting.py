"""Why an order does not fit an instance, told before it is sent. The machine has the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.definition import Approval
from orchestrator.core.workflow.ending import LAST_WORDS
from orchestrator.core.workflow.ids import Target, read_target
from orchestrator.core.workflow.state import Items, unpack
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.decision import Instance
    from orchestrator.core.workflow.outline import Outline
    from orchestrator.core.workflow.state import State, Task


def unfit(
    instance: Instance, order: str, told: Mapping[str, Any], outline: Outline | None = None
) -> str | None:
    """Return what speaks against an order as things stand; None if nothing does.

    Args:
        instance: as it is stored.
        order: cancel, suspend, resume, retry, skip or resolve; approved or rejected for a decision.
        told: ``step``, ``role`` and ``data`` where they belong to it.
        outline: of the revision the instance goes by; None where it is not known, and less can be
            told.
    """
    state = unpack(instance.state)
    if state.phase == "recalled":
        return "it was recalled before it began, and ends by itself"
    if order in {"approved", "rejected"}:
        return _unfit_decision(state, order, told, outline)
    if order in {"retry", "skip"}:
        return _unfit_step(state, order, told["step"], outline)
    objections = {
        "suspend": "it is suspended already" if state.suspended else None,
        "resume": None if state.suspended else "it is not suspended",
        "cancel": None if state.phase == "running" else f"it is {state.phase} already",
        "resolve": None if state.incidents else "it has no incident: cancel it to end it",
    }
    return objections.get(order)


def _unfit_decision(
    state: State, decision: str, told: Mapping[str, Any], outline: Outline | None
) -> str | None:
    step: str = told["step"]
    task = state.tasks.get(step)
    if task is None or not task.is_open:
        return _not_open(state, step, task)
    if task.role is None:
        return f"step {step} does not wait for a person"
    if task.role != told["role"]:
        return f"step {step} waits for the role {task.role}, not {told['role']}"
    return _unfit_form(step, told.get("data"), outline) if decision == "approved" else None


def _unfit_form(step: str, filled_in: object, outline: Outline | None) -> str | None:
    place = outline.places.get(step) if outline is not None else None
    if place is None or not isinstance(place.step.work, Approval) or place.step.work.form is None:
        return None
    try:
        place.step.work.form(filled_in)
    except Refused as refusal:
        return str(refusal)
    return None


def _unfit_step(state: State, order: str, text: str, outline: Outline | None) -> str | None:
    if text in LAST_WORDS and text in state.incidents:
        return None if order == "retry" else f"{text} cannot be skipped: retry it, or resolve it"
    target = read_target(text.removesuffix("~"))
    if target is None or (outline is not None and target.step not in outline.places):
        return f"it has no step {text}: {_open_steps(state)}"
    undoing = text.endswith("~") or f"{target}~" in state.incidents
    target = Target(target.step, target.index, undoing)
    if order == "skip" and target == Target(target.step) and target.step not in state.tasks:
        return _unfit_whole(state, target, outline)
    task = _begun(state, target)
    if task is None or not task.is_open:
        return _not_open(state, text, task)
    if order == "retry" and state.suspended:
        return "it is suspended: resume it first"
    return _unfit_whole(state, target, outline) or (
        _unsent(target, outline) if order == "retry" else None
    )


def _begun(state: State, target: Target) -> Task | None:
    """Return how far a target is, None where it was not begun; of an item: how far its step is."""
    task = state.tasks.get(target.step)
    if task is None:
        return None
    if target.index is not None:
        items = task.items or Items(0)
        first = items.next if items.back is None else items.back + 1
        if target.index >= items.next or (target.undoing and target.index < first):
            return None
    return task.undo if target.undoing else task


def _unfit_whole(state: State, target: Target, outline: Outline | None) -> str | None:
    """Return what speaks against naming a step that consists of others."""
    if target.index is not None:
        return None
    task = state.tasks.get(target.step)
    if task is not None and task.items is not None:
        one = Target(target.step, 0, target.undoing)
        return f"step {target} consists of items: name one, such as {one}"
    if outline is not None and target.step in outline.members and not target.undoing:
        return f"step {target} consists of others: name one of them"
    return None


def _unsent(target: Target, outline: Outline | None) -> str | None:
    place = outline.places.get(target.step) if outline is not None else None
    if place is None or target.undoing or place.errand is not None:
        return None
    return f"step {target} sends nothing that could be sent again"


def _not_open(state: State, step: str, task: Task | None) -> str:
    if task is not None:
        return f"step {step} is {task.status}"
    return f"step {step} is not open: {_open_steps(state)}"


def _open_steps(state: State) -> str:
    opened = ", ".join(name for name, each in state.tasks.items() if each.is_open)
    return f"open are {opened}" if opened else "none is open"
