"""A workflow as a document: its steps without their expressions. Reads plans, runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, assert_never

from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group, Run, Wait

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step, Work
    from orchestrator.core.workflow.machine import Workflow


class StepDocument(TypedDict):
    """A step.

    Attributes:
        kind: send, await, wait, approve, run or group.
        sends: the command, or the workflow that is run.
        awaits: the event types that answer it.
        steps: of a group.
    """

    name: str
    kind: str
    sends: str | None
    awaits: list[str]
    depends_on: list[str]
    conditional: bool
    repeated: bool
    compensated_by: str | None
    steps: list[StepDocument]


class WorkflowDocument(TypedDict):
    """A workflow.

    Attributes:
        starts: the event types that start an instance.
    """

    name: str
    revision: str
    description: str
    starts: list[str]
    on_failure: str
    on_duplicate: str
    timeout_seconds: float | None
    steps: list[StepDocument]


def document(workflow: Workflow) -> WorkflowDocument:
    """Return a workflow with its steps, as JSON values."""
    plan = workflow.plan
    return {
        "name": workflow.name,
        "revision": workflow.revision,
        "description": workflow.description,
        "starts": [start.event_type for start in plan.starts],
        "on_failure": plan.on_failure,
        "on_duplicate": plan.on_duplicate,
        "timeout_seconds": plan.timeout.total_seconds() if plan.timeout else None,
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Step) -> StepDocument:
    kind, sends, awaits = _work(step.work)
    undo = step.compensation
    return {
        "name": step.name,
        "kind": kind,
        "sends": sends,
        "awaits": list(awaits),
        "depends_on": list(step.depends_on),
        "conditional": step.guard is not None,
        "repeated": step.for_each is not None,
        "compensated_by": undo.command.message.name if undo else None,
        "steps": [_step(each) for each in step.work.steps] if isinstance(step.work, Group) else [],
    }


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
