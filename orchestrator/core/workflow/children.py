"""A workflow as a step of another: told to compensate, and answering to its parent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.orders import cancel

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.workflow.definition import Plan
    from orchestrator.core.workflow.dispatch import Dispatch
    from orchestrator.core.workflow.running import Running

_COMPENSATED = "instance.compensated"


def compensate(run: Running, event: Event) -> None:
    """Take back an open instance because its parent takes back the step that ran it."""
    _answer_to(run, event)
    if run.state.phase == "running":
        cancel(run, _reason(event))


def compensate_ended(run: Running, event: Event) -> bool:
    """Take back an instance that ended; tell whether there is anything to take back."""
    state = run.state
    if state.phase != "completed":
        parent: Any = event.data
        run.tell(_COMPENSATED, parent["parent"]["key"], event.id, {"status": state.phase})
        return False
    _answer_to(run, event)
    for name, task in state.tasks.items():
        if task.items is not None:
            run.pieces.touch_all(name, task.items.total)
    state.phase, state.ended = "running", None
    cancel(run, _reason(event))
    return True


def report_missing(plan: Plan, event: Event, dispatch: Dispatch) -> None:
    """Tell the parent that nobody remembers the instance any more."""
    data: Any = event.data
    reason = "it ended so long ago that what it did is not remembered any more"
    told = {
        "workflow": plan.name,
        "key": event.correlation_id,
        "id": "",
        "status": "faulted",
        "error": {"step": None, "type": "forgotten", "reason": reason},
    }
    channel = plan.contracts["instance.faulted"].channel
    key = data["parent"]["key"]
    dispatch.send(Letter("instance.faulted", channel, told, key, causation_id=event.id))


def _answer_to(run: Running, event: Event) -> None:
    data: Any = event.data
    parent = data["parent"]
    run.state.parent = {
        "workflow": parent["workflow"],
        "key": parent["key"],
        "command": event.id,
    }
    run.state.reply_as = _COMPENSATED


def _reason(event: Event) -> str:
    data: Any = event.data
    return f"workflow {data['parent']['workflow']} takes it back"
