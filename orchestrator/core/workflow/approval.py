"""Asking a person, and what the answer means. Knows no mail and no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.payload import refuse_oversize
from orchestrator.core.workflow.closing import complete
from orchestrator.core.workflow.definition import Approval
from orchestrator.core.workflow.dispatch import Letter
from orchestrator.core.workflow.failing import fail
from orchestrator.core.workflow.ids import WORKFLOW_DIGITS, Target, reaction_for
from orchestrator.core.workflow.outline import APPROVAL_REQUESTED
from orchestrator.core.workflow.state import moment_of
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.workflow.running import Running


def request(run: Running, target: Target, approval: Approval, role: str) -> None:
    """Ask whoever has `role`. Raise ``Refused`` when what they are to be shown fails."""
    plan, state, task = run.outline.plan, run.state, run.task(target)
    escalated = task.role is not None
    task.role = role
    if approval.deadline is not None:
        task.due = run.now + round(approval.deadline.total_seconds() * 1000)
    shown = state.input
    if approval.data is not None:
        shown = approval.data(run.scope(run.place(target).reads))
    deadline = moment_of(task.due)
    data = {
        "workflow": plan.name,
        "key": state.key,
        "id": state.id,
        "step": target.step,
        "role": role,
        "escalated": escalated,
        "data": shown,
        **({"deadline": deadline.isoformat()} if deadline else {}),
        **({"form": approval.form_schema} if approval.form_schema is not None else {}),
    }
    refuse_oversize(APPROVAL_REQUESTED, data)
    asked = reaction_for(state.id, f"{target}.{role}").hex()
    channel = plan.contracts[APPROVAL_REQUESTED].channel
    run.dispatch.send(Letter(APPROVAL_REQUESTED, channel, data, state.key, asked))


def escalate(run: Running, target: Target, approval: Approval) -> None:
    """Ask the next role, once; after that the step fails.

    Nobody is asked about what is given up at the very same time.
    """
    task = run.task(target)
    if not run.goes_on(run.place(target).parent):
        return
    if approval.escalate_to is None or task.role == approval.escalate_to:
        fail(run, target, "timeout", f"nobody with the role {task.role} decided in time")
        return
    try:
        request(run, target, approval, approval.escalate_to)
    except Refused as refusal:
        fail(run, target, refusal.reason, str(refusal))


def names_workflow(event: Event) -> bool:
    """Tell whether a decision says which workflow it is about; others may have the same key."""
    data: Any = event.data
    return data.get("workflow") is not None


def decide(run: Running, event: Event) -> bool:
    """Take in what a person decided; tell whether it was about this workflow.

    Raises:
        Refused: the step does not wait for it, it is about an instance that has ended, the role is
            wrong, or the form is not filled in.
    """
    given: Any = event.data
    target = Target(given["step"])
    if not names_workflow(event) and not _may_be_about(run, given.get("id"), target):
        return False
    if given.get("id") not in {None, run.state.id}:
        raise Refused(f"this is a decision about an instance of {_named(run)} that has ended")
    approval, role = _asked(run, target)
    if given["role"] != role:
        raise Refused(
            f"step {target} of {_named(run)} waits for the role {role}: ask somebody who has it"
        )
    if given["decision"] == "rejected":
        by, comment = given["by"], given.get("comment")
        fail(run, target, "rejected", f"rejected by {by}" + (f": {comment}" if comment else ""))
        return True
    data = given.get("data")
    if approval.form is not None:
        approval.form(data)
    told = {name: given.get(name) for name in ("decision", "by", "role", "comment", "data")}
    complete(run, target, told)
    return True


def _may_be_about(run: Running, instance: str | None, target: Target) -> bool:
    """Tell whether a decision that names no workflow may be about this one."""
    if instance is not None:
        return instance[:WORKFLOW_DIGITS] == run.state.id[:WORKFLOW_DIGITS]
    return target.step in run.outline.places


def _asked(run: Running, target: Target) -> tuple[Approval, str | None]:
    """Return the approval that a step waits for, and who is asked."""
    place, task = run.outline.places.get(target.step), run.state.tasks.get(target.step)
    if place is None or not isinstance(place.step.work, Approval):
        raise Refused(f"{_named(run)} has no step {target} that a person decides")
    if task is None or not task.is_open:
        status = "not open yet" if task is None else task.status
        raise Refused(f"step {target} of {_named(run)} is {status}: there is nothing to decide")
    return place.step.work, task.role


def _named(run: Running) -> str:
    return f"workflow {run.outline.plan.name} for {run.state.key}"
