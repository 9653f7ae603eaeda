"""A workflow as a document: its steps without their expressions. Reads plans, runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait
from orchestrator.http.documents import StepSummary, WorkflowDocument, WorkflowSummary

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step, Work
    from orchestrator.core.workflow.machine import Workflow


def summary(workflow: Workflow) -> WorkflowSummary:
    """Return a workflow as a list shows it."""
    return WorkflowSummary(
        name=workflow.name,
        revision=workflow.revision,
        description=workflow.description,
        starts=[start.event_type for start in workflow.plan.starts],
    )


def document(workflow: Workflow) -> WorkflowDocument:
    """Return a workflow with its steps."""
    plan = workflow.plan
    return WorkflowDocument(
        **summary(workflow).model_dump(),
        on_failure=plan.on_failure,
        on_duplicate=plan.on_duplicate,
        timeout_seconds=plan.timeout.total_seconds() if plan.timeout else None,
        steps=[_step(step) for step in plan.steps],
    )


def _step(step: Step) -> StepSummary:
    kind, sends, awaits = _work(step.work)
    undo = step.compensation
    return StepSummary(
        name=step.name,
        kind=kind,
        sends=sends,
        awaits=list(awaits),
        depends_on=list(step.depends_on),
        conditional=step.guard is not None,
        repeated=step.for_each is not None,
        compensated_by=undo.command.message.name if undo else None,
        steps=[_step(member) for member in step.work.steps] if isinstance(step.work, Group) else [],
    )


def _work(work: Work) -> tuple[str, str | None, tuple[str, ...]]:
    """Return the kind of a step, what it sends, and what answers it."""
    match work:
        case Command(message=message, awaits=awaits, fail_on=fail_on):
            return "send", message.name, (*awaits, *fail_on)
        case Awaited(awaits=awaits, fail_on=fail_on):
            return "await", None, (*awaits, *fail_on)
        case Wait():
            return "wait", None, ()
        case Approval():
            return "approve", None, ("ApprovalGiven",)
        case Run(workflow=workflow):
            return "run", workflow, ()
        case Group():
            return "group", None, ()
        case _:
            assert_never(work)
