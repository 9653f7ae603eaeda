"""Which step an event answers, and what the answer means. Knows no order of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from orchestrator.core.workflow.attempts import lose
from orchestrator.core.workflow.closing import complete
from orchestrator.core.workflow.definition import Awaited, Command, Run
from orchestrator.core.workflow.failing import call_for_help, fail
from orchestrator.core.workflow.ids import WORKFLOW_DIGITS, Target, command_id, read_command_id
from orchestrator.core.workflow.outline import COMMAND_FAILED, RUN_REPLIES
from orchestrator.core.workflow.state import pack_event, unpack_event
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.workflow.running import Running

MAX_EARLY: Final = 20
"""Replies of one type that are kept for steps to come."""

_MAX_REASON: Final = 300

Meaning = Literal["done", "refused", "lost"]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an event says about the task it answers."""

    meaning: Meaning
    output: object = None
    error_type: str = ""
    reason: str = ""


def receive(run: Running, event: Event) -> bool:
    """Take in an event that may answer something; tell whether it concerned the instance.

    Raises:
        Refused: it may answer several steps and names none, or too many came too early.
    """
    named = read_command_id(event.causation_id) if event.causation_id else None
    if named is not None:
        instance, target = named
        if instance == run.state.id and _answers(run, target, event):
            return _answered(run, target, event)
        if (
            instance != run.state.id
            and instance[:WORKFLOW_DIGITS] == run.state.id[:WORKFLOW_DIGITS]
        ):
            return False  # a reply to an instance that ended, and had the same key
    targets = run.outline.awaiting.get(event.type, ())
    if named is not None:
        targets = tuple(target for target in targets if not _asks(run, target))
    return _unaddressed(run, event, targets)


def use_early(run: Running, target: Target) -> None:
    """Give a step that was just opened a reply that came before it, unless it failed at once."""
    early = run.state.early
    if not early or not run.task(target).is_open:
        return
    for event_type in sorted(run.place(target).awaits & early.keys()):
        for packed in early[event_type]:
            event = unpack_event(packed)
            if _is_meant(run, target, event):
                early[event_type].remove(packed)
                if not early[event_type]:
                    del early[event_type]
                _settle(run, target, event)
                return


def _is_meant(run: Running, target: Target, event: Event) -> bool:
    """Tell whether an event that was kept is an answer; one of which that cannot be told is none.

    Had it come now it would be a dead letter, and the step would go on waiting.
    """
    try:
        return _accepts(run, target, event)
    except Refused:
        return False


def _answered(run: Running, target: Target, event: Event) -> bool:
    """Settle what an event names; False where that is over, or the event does not fit."""
    if not _is_open(run, target) or not _accepts(run, target, event):
        return False
    if event.type == COMMAND_FAILED:
        task = run.task(target)
        current = command_id(run.state.id, target, task.attempt)
        if task.status != "running" or event.causation_id != current:
            return False  # an earlier attempt, which was given up already
    _settle(run, target, event)
    return True


def _settle(run: Running, target: Target, event: Event) -> None:
    answer = _read(run, target, event)
    match answer.meaning:
        case "done" if run.overflow is not None and target.index is None:
            run.task(target).unknown = True
            call_for_help(run, target, f"its answer does not fit in: {run.overflow}")
        case "done":
            complete(run, target, answer.output)
        case "refused":
            run.task(target).unknown = False
            fail(run, target, answer.error_type, answer.reason)
        case "lost":
            lose(run, target, answer.error_type, answer.reason)


def _unaddressed(run: Running, event: Event, targets: tuple[Target, ...]) -> bool:
    """Settle the only open one of the steps it may be for, or keep the event for one to come."""
    fitting = [
        target for target in targets if _is_open(run, target) and _accepts(run, target, event)
    ]
    if len(fitting) > 1 or any(each.step in run.outline.repeated for each in fitting):
        names = ", ".join(str(target) for target in fitting)
        raise Refused(
            f"this event may answer {names} of workflow {run.outline.plan.name} and names no"
            " command: send it with the id of the command as its causation id"
        )
    if fitting:
        _settle(run, fitting[0], event)
        return True
    return _is_kept(run, event, targets)


def _is_kept(run: Running, event: Event, targets: tuple[Target, ...]) -> bool:
    known = run.state.tasks.keys() | run.outline.repeated
    to_come = any(target.step not in known for target in targets if not target.undoing)
    if run.state.phase != "running" or not to_come:
        return False
    kept = run.state.early.setdefault(event.type, [])
    if len(kept) == MAX_EARLY:
        raise Refused(
            f"{MAX_EARLY} events of this type wait already for steps of workflow"
            f" {run.outline.plan.name} that are not open yet"
        )
    kept.append(pack_event(event))
    return True


def _asks(run: Running, target: Target) -> bool:
    """Tell whether a step sends a command: what names the command of another is no answer to it.

    Two workflows of one key may ask for the same thing.
    """
    place = run.place(target)
    return (place.undo if target.undoing else place.errand) is not None


def _answers(run: Running, target: Target, event: Event) -> bool:
    """Tell whether an event of this type can be an answer to what it names."""
    place = run.outline.places.get(target.step)
    errand = None if place is None else place.undo if target.undoing else place.errand
    if errand is None:
        return False
    if isinstance(errand.work, Run):
        return event.type in RUN_REPLIES or event.type == COMMAND_FAILED
    return event.type in errand.answers or event.type == COMMAND_FAILED


def _is_open(run: Running, target: Target) -> bool:
    task = run.state.tasks.get(target.step)
    if task is not None and target.index is not None:
        if task.items is None or target.index >= task.items.next:
            return False
        task = run.pieces.item(target.step, target.index)
    if task is not None and target.undoing:
        task = task.undo
    return task is not None and task.is_open


def _accepts(run: Running, target: Target, event: Event) -> bool:
    work = run.errand(target).work if target.undoing else run.place(target).step.work
    if not isinstance(work, Command | Awaited) or work.accepts is None:
        return True
    if _gives_up(run, target, event) or (event.type in work.fail_on and _names(run, target, event)):
        return True  # the condition is about the data of answers, and there is no doubt whose it is
    return work.accepts.holds(run.scope(run.outline.repeated, target).with_event(event))


def _gives_up(run: Running, target: Target, event: Event) -> bool:
    """Tell whether a service says that it gave up a command for a target, and not for others."""
    return event.type == COMMAND_FAILED and _names(run, target, event)


def _names(run: Running, target: Target, event: Event) -> bool:
    """Tell whether an event says that a command for a target led to it."""
    named = read_command_id(event.causation_id) if event.causation_id else None
    return named == (run.state.id, target)


def _read(run: Running, target: Target, event: Event) -> _Answer:
    """Return what an event means to what it answers."""
    data: Any = event.data
    if _gives_up(run, target, event):
        return _Answer("lost", error_type="command-failed", reason=str(data["error"]))
    work = run.errand(target).work if target.undoing else run.place(target).step.work
    match work:
        case Run():
            return _read_run(target, event)
        case Command(fail_on=fail_on) | Awaited(fail_on=fail_on) if event.type in fail_on:
            reason = data.get("reason") if isinstance(data, dict) else None
            told = f": {reason}" if isinstance(reason, str) else ""
            return _Answer(
                "refused", error_type="refused", reason=f"{event.type}{told}"[:_MAX_REASON]
            )
        case _:
            return _Answer("done", output=event.data)


def _read_run(target: Target, event: Event) -> _Answer:
    """Return what the end of a sub-workflow means."""
    data: Any = event.data
    wanted = "instance.compensated" if target.undoing else "instance.completed"
    if event.type == wanted:
        return _Answer("done", output=data.get("output"))
    error = data.get("error") or {}
    reason = str(error.get("reason") or "it says no reason")
    status = event.type.removeprefix("instance.")
    return _Answer("refused", error_type=status, reason=f"{data['workflow']} {status}: {reason}")
