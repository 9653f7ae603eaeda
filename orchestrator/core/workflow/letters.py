"""What is sent for a step or a compensation: its type, channel and data. Keeps no account of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.core.keys import MAX_KEY_LENGTH
from orchestrator.core.payload import refuse_oversize
from orchestrator.core.workflow.definition import Command, Run
from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.ids import Target, command_id, fraction
from orchestrator.core.workflow.outline import COMPENSATE, START
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from orchestrator.core.directory import Live
    from orchestrator.core.workflow.definition import Route
    from orchestrator.core.workflow.running import Running

MAX_DEPTH: Final = 16
"""How deep workflows may run workflows."""


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Nobody lives who could do what a command asks for.

    Attributes:
        capability: what they would have to be able to do.
    """

    capability: str


def letter(run: Running, target: Target, attempt: int) -> Letter | Unrouted:
    """Return the command of an attempt.

    Raises:
        Refused: its data cannot be computed, breaks its schema, or is too large.
    """
    command = command_id(run.state.id, target, attempt)
    match run.errand(target).work:
        case Command() as work:
            made = _to_service(run, work, target, command)
        case Run() as work:
            made = _to_child(run, work, target, command)
    if isinstance(made, Letter):
        refuse_oversize(made.type, made.data)
    return made


def recall(run: Running, target: Target, attempt: int) -> Letter:
    """Return what tells a sub-workflow in flight to take itself back.

    It is one more attempt at the step, so that the answer closes the step whichever comes first.
    """
    work = run.errand(target).work
    if not isinstance(work, Run):
        raise TypeError(f"{target} runs no workflow")
    return _taking_back(run, target, work, command_id(run.state.id, target, attempt))


def _to_service(run: Running, work: Command, target: Target, command: str) -> Letter | Unrouted:
    data = _computed(run, work, target)
    work.message.validate(data)
    channel = work.message.channel
    if work.route is not None:
        chosen = _chosen(run, work.route, command)
        if chosen is None:
            return Unrouted(work.route.capability)
        channel = chosen.channel
    return Letter(work.message.name, channel, data, run.state.key, command)


def _computed(run: Running, work: Command | Run, target: Target) -> object:
    if not target.undoing and (prepared := run.task(target).prepared) is not None:
        return prepared["data"]
    scope = run.scope(run.errand(target).reads, target)
    data = scope["input"]
    if target.undoing:
        own = run.task(Target(target.step, target.index)).output
        scope["output"] = own
        data = own if isinstance(own, dict) else data
    return data if work.data is None else work.data(scope)


def _to_child(run: Running, work: Run, target: Target, command: str) -> Letter:
    if target.undoing:
        return _taking_back(run, target, work, command)
    state, plan = run.state, run.outline.plan
    if state.depth + 1 > MAX_DEPTH:
        raise ExpressionError(
            f"workflows run workflows {MAX_DEPTH} deep here: does one of them run itself?",
            run.place(target).step.position,
        )
    data = _computed(run, work, target)
    told = _to_child_of(run, work) | {"input": data, "depth": state.depth + 1}
    return Letter(START, plan.contracts[START].channel, told, _child_key(run, target), command)


def _taking_back(run: Running, target: Target, work: Run, command: str) -> Letter:
    channel = run.outline.plan.contracts[COMPENSATE].channel
    return Letter(COMPENSATE, channel, _to_child_of(run, work), _child_key(run, target), command)


def _to_child_of(run: Running, work: Run) -> dict[str, object]:
    parent = {"workflow": run.outline.plan.name, "key": run.state.key}
    return {"workflow": work.workflow, "parent": parent}


def _child_key(run: Running, target: Target) -> str:
    """Return a key that nobody else has: other workflows may run it for this key, too."""
    key = f"{run.state.key}/{run.outline.plan.name}.{Target(target.step, target.index)}"
    if len(key) > MAX_KEY_LENGTH:
        raise ExpressionError(
            f"the key of the workflow it runs would have {len(key)} characters, over the limit of"
            f" {MAX_KEY_LENGTH}: use a shorter key (`by`), or shorter names",
            run.place(target).step.position,
        )
    return key


def _chosen(run: Running, route: Route, command: str) -> Live | None:
    """Return who gets a command, and take note of it for those that follow.

    It is the least busy if that is asked for; of several, whoever waited longest for a command, so
    that they take turns; of those that never had one, the command's id picks.
    """
    dispatch = run.dispatch
    living = dispatch.directory.living(route.capability) if dispatch.directory is not None else ()
    if dispatch.directory is None or not living:
        return None
    if route.strategy == "least_busy":
        least = min(each.load for each in living)
        living = [each for each in living if each.load == least]
    longest = min(each.turn for each in living)
    waiting = [each for each in living if each.turn == longest]
    chosen = waiting[int(fraction(command) * len(waiting))]
    dispatch.directory = dispatch.directory.after(chosen.channel)
    return chosen
