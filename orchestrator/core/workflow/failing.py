"""What the failure of a step means: nothing, the end, or taking back what was done. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.workflow.closing import close
from orchestrator.core.workflow.outline import ROOT

if TYPE_CHECKING:
    from orchestrator.core.workflow.ids import Target
    from orchestrator.core.workflow.running import Running
    from orchestrator.core.workflow.state import Fault


def fail(run: Running, target: Target, error_type: str, reason: str) -> None:
    """Close a step or an item that failed for good, and draw the consequences.

    A compensation that fails, and a step that must not fail, wait for a person instead.

    Args:
        run: the instance.
        target: what failed.
        error_type: a short stable word, such as ``timeout``.
        reason: for people, on one line.
    """
    place = run.place(target)
    run.task(target).error = {"type": error_type, "reason": reason}
    if target.undoing or place.step.patient:
        call_for_help(run, target, reason)
        return
    close(run, target, "failed")
    if target.index is not None and place.policy != "continue":
        run.state.tasks[target.step].error = {"type": error_type, "reason": reason}
    error = {"step": str(target), "type": error_type, "reason": reason}
    match place.policy:
        case "continue":
            pass
        case "stop":
            stop(run, error)
        case "compensate":
            roll_back(run, place.rolled_back, error)


def call_for_help(run: Running, target: Target, reason: str) -> None:
    """Leave a task open for a person to retry or to skip."""
    task = run.task(target)
    task.status, task.due = "incident", None
    report_incident(run, str(target), reason)


def report_incident(run: Running, what: str, reason: str) -> None:
    """Note why the instance cannot go on without a person."""
    run.state.incidents[what] = reason
    run.changed = True
    run.announce("instance.incident", step=what, reason=reason)


def stop(run: Running, error: Fault) -> None:
    """Let the instance end as it is."""
    if run.state.phase == "running":
        run.state.phase, run.state.error, run.changed = "stopping", error, True


def roll_back(run: Running, container: str, error: Fault) -> None:
    """Take back what was done in a group, or in the instance, unless that has begun already."""
    if container == ROOT:
        if run.state.phase == "running":
            run.state.phase, run.state.error, run.changed = "compensating", error, True
        return
    task = run.state.tasks[container]
    if task.status == "running":
        task.status, run.changed = "compensating", True
        whose = "" if error["step"] == container else f"{error['step']}: "
        task.error = {"type": str(error["type"]), "reason": f"{whose}{error['reason']}"}
