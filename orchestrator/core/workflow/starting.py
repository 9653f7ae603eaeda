"""What begins an instance, and what it knows from the beginning. Opens no step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.ids import reaction_id
from orchestrator.core.workflow.ids import instance_id
from orchestrator.core.workflow.outline import START
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


def begin(
    outline: Outline, event: Event, key: str, dispatch: Dispatch, before: State | None
) -> Running:
    """Return a new instance, before its first step.

    Args:
        outline: what it is to do.
        event: what starts it.
        key: its correlation key.
        dispatch: the occasion.
        before: the instance that had the key, and has ended; None for none.

    Raises:
        Refused: the input is not as asked for, or a variable cannot be computed.
    """
    plan, given = outline.plan, _given(event)
    if plan.accepts is not None:
        plan.accepts(given["input"])
    state = State(
        id=instance_id(plan.name, reaction_id(event.identity, plan.name)),
        key=key,
        revision=plan.revision,
        phase="running",
        started=dispatch.now,
        start=Origin(event.id, event.type, event.traceparent, event.hops, event.trail),
        **given,
    )
    if plan.timeout is not None:
        state.deadline = dispatch.now + round(plan.timeout.total_seconds() * 1000)
    run = Running(outline, state, {}, dispatch)
    _drop_items(run, before)
    for name, template in plan.variables.items():
        state.variables[name] = template(run.scope(frozenset()))
    run.announce("instance.started")
    run.changed = True
    return run


def _given(event: Event) -> dict[str, Any]:
    """Return what the event says of the instance: its input, and who runs it."""
    if event.type != START:
        return {"input": event.data}
    data: Any = event.data
    parent = data.get("parent")
    if parent is not None:
        parent = {"workflow": parent["workflow"], "key": parent["key"], "command": event.id}
    return {"input": data.get("input"), "parent": parent, "depth": data.get("depth", 0)}


def _drop_items(run: Running, before: State | None) -> None:
    for name, task in before.tasks.items() if before is not None else ():
        if task.items is not None:
            run.pieces.drop(name, task.items.total)
