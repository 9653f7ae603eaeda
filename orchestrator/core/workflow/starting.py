"""What begins an instance, and what it knows from the beginning. Opens no step."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.failing import roll_back
from orchestrator.core.workflow.ids import instance_id
from orchestrator.core.workflow.outline import ROOT, START
from orchestrator.core.workflow.pausing import wake
from orchestrator.core.workflow.running import Running
from orchestrator.core.workflow.state import Origin, State

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.scope import Scope
    from orchestrator.core.workflow.definition import Plan, Start
    from orchestrator.core.workflow.dispatch import Dispatch
    from orchestrator.core.workflow.outline import Outline


def start_for(plan: Plan, event: Event, scope: Scope) -> Start | None:
    """Return the start that an event fits; None for none.

    Raises:
        ExpressionError: its condition failed on the event.
    """
    for start in plan.starts:
        if start.event_type == event.type and (start.guard is None or start.guard.holds(scope)):
            return start
    return None


def begin(outline: Outline, event: Event, key: str, dispatch: Dispatch) -> Running:
    """Return a new instance, before its first step.

    Args:
        outline: what it is to do.
        event: what starts it.
        key: its correlation key.
        dispatch: the occasion.

    Raises:
        Refused: the input is not as asked for, or a variable cannot be computed.
    """
    plan, given = outline.plan, _given(event)
    if plan.accepts is not None:
        plan.accepts(given["input"])
    state = State(
        id=instance_id(plan.name, dispatch.reaction),
        key=key,
        revision=plan.revision,
        phase="running",
        started=dispatch.now,
        start=Origin.of(event, event.causation_id if event.type == START else None),
        **given,
    )
    if plan.timeout is not None:
        state.deadline = dispatch.now + round(plan.timeout.total_seconds() * 1000)
    run = Running(outline, state, {}, dispatch)
    for name, template in plan.variables.items():
        state.variables[name] = template(run.scope(frozenset()))
    run.announce("instance.started")
    run.changed = True
    return run


def restart(run: Running, event: Event) -> None:
    """Take an instance back because it is started again; the new one begins when it has ended.

    Raises:
        Refused: the input of the new one is not as asked for.
    """
    state, given = run.state, _given(event)
    if run.outline.plan.accepts is not None:
        run.outline.plan.accepts(given["input"])
    wake(run)
    state.successor, state.cancelled = {**given, "start": asdict(Origin.of(event))}, True
    reason = "it was started again"
    roll_back(run, ROOT, {"step": None, "type": "restarted", "reason": reason})
    run.changed = True


def _given(event: Event) -> dict[str, Any]:
    """Return what the event says of the instance: its input, and who runs it."""
    if event.type != START:
        return {"input": event.data}
    data: Any = event.data
    parent = data.get("parent")
    if parent is not None:
        parent = {"command": event.id, **parent}
    return {"input": data.get("input"), "parent": parent, "depth": data.get("depth", 0)}
