"""How an instance ends: its last messages, and who is told. Closes what is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from orchestrator.core.decision import Signal
from orchestrator.core.definitions import take
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.payload import refuse_oversize
from orchestrator.core.workflow.attempts import recall_unheard
from orchestrator.core.workflow.definition import Run
from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.failing import report_incident
from orchestrator.core.workflow.ids import Target, reaction_for
from orchestrator.core.workflow.outline import START
from orchestrator.core.workflow.state import Origin
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.definitions import Action
    from orchestrator.core.workflow.running import Running

LAST_WORDS: Final = ("then", "otherwise")
"""What an incident is called that no step is to blame for."""

Ending = Literal["completed", "faulted", "cancelled"]


def end(run: Running, status: Ending, *, silently: bool = False) -> None:
    """End an instance, unless its last messages cannot be sent: then a person is needed.

    Args:
        run: the instance.
        status: how it ends.
        silently: whether ``then`` and ``otherwise`` are left out.
    """
    words: Literal["then", "otherwise"] = "then" if status == "completed" else "otherwise"
    if words in run.state.incidents and not silently:
        return
    plan = run.outline.plan
    actions = plan.then if words == "then" else plan.otherwise
    try:
        event_type, told = _news(run, status)
        if actions and not silently:
            _take(run, actions, words, status)
    except Refused as refusal:
        report_incident(run, words, f"`{words}`: {refusal}")
        return
    _recall_children(run)
    _close_everything(run, status)
    if run.state.parent is None:
        run.announce(event_type, **told)
    else:
        run.tell(event_type, run.state.parent["key"], run.state.parent["command"], told)
    if run.state.successor is not None:
        run.dispatch.send(_succession(run, run.state.successor))


def outputs(run: Running) -> dict[str, object]:
    """Return what the instance gives to whoever ran it: the outputs of its steps, by name.

    Members of groups stand beside the others; a group itself has none.
    """
    steps: Mapping[str, Any] = run.scope(run.outline.repeated)["steps"]  # type: ignore[assignment]  # a map of maps
    return {name: step["output"] for name, step in steps.items()}


def _take(run: Running, actions: Sequence[Action], words: str, status: Ending) -> None:
    """Send messages whose ids derive from the instance: it ends once, whatever the signal was."""
    state, dispatch = run.state, run.dispatch
    reaction = reaction_for(state.id, words)
    scope = run.scope(run.outline.ending_reads)
    scope["instance"] = {**scope["instance"], "status": status}  # type: ignore[dict-item]  # a map
    last = Event(
        type=state.start.type,
        id=dispatch.cause or state.start.id,
        source=dispatch.source,
        subject=state.key,
        time=dispatch.moment,
        data=state.input,
        correlation_id=state.key,
        causation_id=None,
        traceparent=dispatch.traceparent or state.start.traceparent,
        identity=event_identity("", "", state.id),
        hops=state.start.hops,
        trail=state.start.trail,
    )
    signal = Signal(last, reaction, dispatch.moment, dispatch.source, scope)
    outgoing, later = take(run.outline.plan, actions, signal, (scope,))
    for each in (*outgoing, *(one.outgoing for one in later)):
        refuse_oversize(each.type, each.data)
    dispatch.outgoing += outgoing
    dispatch.later += later


def _recall_children(run: Running) -> None:
    """Leave no workflow behind that works for nobody: what ran it has been stopped or resolved."""
    for name, task in run.state.tasks.items():
        if not task.is_open or not isinstance(run.outline.places[name].step.work, Run):
            continue
        if task.items is None:
            recall_unheard(run, Target(name))
        else:
            for index, item in run.pieces.items(name, 0, task.items.next):
                if item.status == "running":
                    recall_unheard(run, Target(name, index))


def _close_everything(run: Running, status: Ending) -> None:
    state = run.state
    state.phase, state.ended, state.deadline = status, run.now, None
    state.suspended = None
    state.incidents, state.early = {}, {}
    for task in state.tasks.values():
        for each in (task, task.undo):
            if each is not None and each.is_open:
                each.status, each.closed, each.due = "cancelled", run.now, None


def _succession(run: Running, given: dict[str, Any]) -> Letter:
    """Return what starts the instance that follows this one.

    It follows from the event that asked for it: one that is started anew every day is no loop.
    """
    plan, state = run.outline.plan, run.state
    start = Origin(**given["start"])
    told = {name: given[name] for name in ("parent", "depth") if given.get(name)}
    return Letter(
        START,
        plan.contracts[START].channel,
        {"workflow": plan.name, **told, "input": given["input"]},
        state.key,
        reaction_for(state.id, "successor").hex(),
        start.id,
        start,
    )


def _news(run: Running, status: Ending) -> tuple[str, dict[str, object]]:
    """Return what the world, or whoever ran the instance, is told of how it ended.

    Raises:
        Refused: its outputs are too large to be told.
    """
    state, event_type = run.state, f"instance.{status}"
    told: dict[str, object] = {"status": status}
    if state.error is not None:
        told["error"] = state.error
    undone = [
        name
        for name, task in state.tasks.items()
        if task.undo is not None and task.undo.status == "completed"
    ]
    if undone:
        told["compensated"] = undone
    if state.reply_as is not None:
        return state.reply_as, told
    if state.parent is not None and status == "completed":
        told["output"] = outputs(run)
        refuse_oversize(event_type, told["output"])
    return event_type, told
