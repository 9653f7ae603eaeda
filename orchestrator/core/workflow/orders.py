"""What an operator may order: cancel, suspend, resume, retry, skip, resolve. Knows no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.attempts import attempt, recall_unheard
from orchestrator.core.workflow.closing import close
from orchestrator.core.workflow.ending import LAST_WORDS, end
from orchestrator.core.workflow.failing import roll_back
from orchestrator.core.workflow.ids import Target, read_target
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.pausing import suspend, wake
from orchestrator.core.workflow.state import Task
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.workflow.running import Running


def obey(run: Running, event: Event) -> None:
    """Carry out an order. Raise ``Refused`` when it does not fit the instance as it is."""
    data: Any = event.data
    match data["order"]:
        case "cancel":
            cancel(run, _reason(data))
        case "suspend":
            _suspend(run, data)
        case "resume":
            _resume(run, data)
        case "retry":
            _retry(run, _step(run, data))
        case "skip":
            _skip(run, _step(run, data))
        case "resolve":
            _resolve(run)
        case _:
            raise Refused(
                "an order is cancel, suspend, resume, retry, skip or resolve, nothing else"
            )


def cancel(run: Running, reason: str) -> None:
    """Take everything back, and end. Raise ``Refused`` where that has begun already."""
    state = run.state
    if state.phase != "running":
        paused = "" if state.suspended is None else ", and suspended: resume it"
        raise Refused(f"{_named(run)} is {state.phase} already{paused}")
    state.cancelled = True
    wake(run)
    roll_back(run, ROOT, {"step": None, "type": "cancelled", "reason": reason})


def _suspend(run: Running, data: dict[str, Any]) -> None:
    if run.state.suspended is not None:
        raise Refused(f"{_named(run)} is suspended already")
    suspend(run)
    run.announce("instance.suspended", reason=_reason(data))


def _resume(run: Running, data: dict[str, Any]) -> None:
    if run.state.suspended is None:
        raise Refused(f"{_named(run)} is not suspended")
    wake(run)
    run.announce("instance.resumed", reason=_reason(data))


def _retry(run: Running, target: Target | str) -> None:
    """Send the command of an open step again, as if for the first time."""
    if isinstance(target, str):
        run.state.incidents.pop(target, None)
        run.changed = True
        return
    task = _open_task(run, target)
    sends = target.undoing or run.place(target).errand is not None
    if not sends or _consists_of_others(run, target):
        raise Refused(f"step {target} of {_named(run)} sends nothing that could be sent again")
    if run.state.suspended is not None:
        raise Refused(f"{_named(run)} is suspended: resume it first")
    run.state.incidents.pop(str(target), None)
    task.base, run.changed = task.attempt, True
    attempt(run, target)


def _skip(run: Running, target: Target | str) -> None:
    """Close an open step as not to be done; one that is to come will not be opened."""
    if isinstance(target, str):
        raise Refused(f"`{target}` cannot be skipped: retry it, or resolve the instance")
    if target.index is None and not target.undoing and target.step not in run.state.tasks:
        run.state.tasks[target.step] = Task("running", opened=run.now)
    _open_task(run, target)
    if _consists_of_others(run, target):
        raise Refused(f"step {target} of {_named(run)} consists of others: skip those")
    recall_unheard(run, target)
    close(run, target, "skipped")


def _resolve(run: Running) -> None:
    """End an instance that cannot go on, as it is."""
    state = run.state
    if not state.incidents:
        raise Refused(f"{_named(run)} has no incident: cancel it to end it")
    what, reason = next(iter(state.incidents.items()))
    if state.error is None:
        state.error = {"step": what, "type": "incident", "reason": reason}
    silently = any(words in state.incidents for words in LAST_WORDS)
    end(run, "cancelled" if state.cancelled else "faulted", silently=silently)


def _step(run: Running, data: dict[str, Any]) -> Target | str:
    """Return what the order is about: a step, an item, the compensation of one, or last words."""
    text = data.get("step")
    if not isinstance(text, str):
        raise Refused(f"`{data['order']}` needs the name of a step")
    if text in LAST_WORDS and text in run.state.incidents:
        return text
    target = read_target(text.removesuffix("~"))
    if target is None or target.step not in run.outline.places:
        raise Refused(f"{_named(run)} has no step {text}")
    undoing = text.endswith("~") or f"{target}~" in run.state.incidents
    return Target(target.step, target.index, undoing)


def _open_task(run: Running, target: Target) -> Task:
    task = run.state.tasks.get(target.step)
    if task is not None and target.index is not None:
        within = task.items is not None and target.index < task.items.next
        task = run.pieces.item(target.step, target.index) if within else None
    if task is not None and target.undoing:
        task = task.undo
    if task is None or not task.is_open:
        status = "not open" if task is None else task.status
        raise Refused(f"step {target} of {_named(run)} is {status}")
    return task


def _consists_of_others(run: Running, target: Target) -> bool:
    """Tell whether a target is only the sum of others: a group, or all items, there or back."""
    if target.index is not None:
        return False
    is_group = target.step in run.outline.members and not target.undoing
    return is_group or run.state.tasks[target.step].items is not None


def _reason(data: dict[str, Any]) -> str:
    by, comment = data.get("by") or "an operator", data.get("comment")
    return f"{data['order']} by {by}" + (f": {comment}" if comment else "")


def _named(run: Running) -> str:
    return f"workflow {run.outline.plan.name} for {run.state.key}"
