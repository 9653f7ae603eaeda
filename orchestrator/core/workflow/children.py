"""A workflow as a step of another: told to compensate, and answering to its parent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.ids import instance_id
from orchestrator.core.workflow.orders import cancel
from orchestrator.core.workflow.outline import COMPENSATE, START
from orchestrator.core.workflow.running import Running
from orchestrator.core.workflow.state import Origin, State
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.event import Event
    from orchestrator.core.workflow.definition import Plan
    from orchestrator.core.workflow.dispatch import Dispatch
    from orchestrator.core.workflow.outline import Outline

START_MS: Final = 60_000
"""How long the start of what is recalled may be on its way: longer than it takes until somebody
sends what another replica left in its outbox. No timer overtakes what has arrived by then."""

_COMPENSATED: Final = "instance.compensated"
_FAULTED: Final = "instance.faulted"
_AWAITED: Final = "it was recalled before it began: if its start does not come, it ended long ago"
_FORGOTTEN: Final = "forgotten"
_NOT_REMEMBERED: Final = "it ended so long ago that what it did is not remembered any more"


def compensate(run: Running, event: Event) -> None:
    """Take back an open instance because its parent takes back the step that ran it."""
    _answer_to(run, event)
    if run.state.phase == "running":
        cancel(run, _reason(event))


def compensate_ended(run: Running, event: Event) -> bool:
    """Take back an instance that ended; tell whether there is anything to take back."""
    state = run.state
    _answer_to(run, event)
    if state.phase != "completed":
        _report_end(run)
        return False
    for name, task in state.tasks.items():
        if task.items is not None:
            run.pieces.touch_all(name, task.items.total)
    state.phase, state.ended = "running", None
    cancel(run, _reason(event))
    return True


def expect_start(outline: Outline, event: Event, key: str, dispatch: Dispatch) -> Running:
    """Return what waits for the start of an instance that is told to compensate and is not there.

    Either it ended so long ago that it is forgotten, or its start is still on its way: in the hands
    of another replica, or in the outbox of one that died. It must not begin when nobody wants it
    any more.
    """
    state = State(
        id=instance_id(outline.plan.name, dispatch.reaction),
        key=key,
        revision=outline.plan.revision,
        phase="recalled",
        started=dispatch.now,
        input=None,
        start=Origin.of(event),
        deadline=dispatch.now + START_MS,
        error={"step": None, "type": "recalled", "reason": _AWAITED},
    )
    run = Running(outline, state, {}, dispatch)
    _answer_to(run, event)
    return run


def forestall(run: Running, event: Event) -> None:
    """Keep an instance that was recalled from beginning on `event`, or on one that came before.

    Raises:
        Refused: somebody else than its parent starts it.
    """
    if event.type == COMPENSATE:
        _answer_to(run, event)
    elif event.type == START and _starts_for(run.state.parent, event):
        run.state.error = None
    else:
        raise Refused(
            f"workflow {run.outline.plan.name} for {run.state.key} was recalled before it began,"
            " and is kept from beginning for a minute: start it then"
        )
    if run.state.error is None:
        _report_end(run, "cancelled")


def give_up_waiting(run: Running) -> None:
    """End what waited for a start: it was kept from beginning, or it ended long ago."""
    state = run.state
    state.phase, state.ended = "cancelled", run.now
    if state.error is not None:
        state.phase = "faulted"
        state.error = {"step": None, "type": _FORGOTTEN, "reason": _NOT_REMEMBERED}
        _report_end(run)


def refuse_start(plan: Plan, event: Event, refusal: Refused, dispatch: Dispatch) -> None:
    """Tell whoever runs an instance that it does not begin, and why: nobody else would answer."""
    data: Any = event.data
    parent = {"command": event.id, **data["parent"]}
    told = {
        "workflow": plan.name,
        "key": event.correlation_id,
        "id": instance_id(plan.name, dispatch.reaction),
        "status": "faulted",
        "error": {"step": None, "type": refusal.reason, "reason": str(refusal)},
    }
    channel = plan.contracts[_FAULTED].channel
    command = parent["command"]
    dispatch.send(Letter(_FAULTED, channel, told, parent["key"], causation_id=command))


def is_run(event: Event) -> bool:
    """Tell whether a workflow is started as a step of another."""
    data: Any = event.data
    return event.type == START and data.get("parent") is not None


def is_run_by_another(state: State, event: Event) -> bool:
    """Tell whether a start comes from another instance than the one that runs this."""
    data: Any = event.data
    command = data["parent"].get("command", event.id)
    return state.parent is None or _instance_of(state.parent["command"]) != _instance_of(command)


def _instance_of(command: str) -> str:
    return command.partition(".")[0]


def _starts_for(recaller: Mapping[str, str] | None, event: Event) -> bool:
    data: Any = event.data
    parent = data.get("parent")
    if parent is None or recaller is None:
        return False
    return all(parent.get(name) == recaller[name] for name in ("workflow", "key"))


def _report_end(run: Running, status: str | None = None) -> None:
    """Tell the parent that nothing is left to take back, or that nobody knows what there is."""
    parent, error = cast("dict[str, str]", run.state.parent), run.state.error
    told: dict[str, object] = {"status": status or run.state.phase}
    if error is not None and error["type"] == _FORGOTTEN:
        run.tell(_FAULTED, parent["key"], parent["command"], told | {"error": error})
    else:
        run.tell(_COMPENSATED, parent["key"], parent["command"], told)


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
