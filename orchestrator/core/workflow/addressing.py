"""Which workflow a message is meant for, by what it says itself. Looks at no instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.approval import names_workflow
from orchestrator.core.workflow.ids import read_command_id
from orchestrator.core.workflow.outline import APPROVAL, ORDER, RUN_REPLIES

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.core.scope import Scope
    from orchestrator.core.workflow.outline import Outline


def is_for(workflow: str, scope: Scope) -> bool:
    """Tell whether a message names this workflow."""
    return _named(scope) == workflow


def may_be_for(workflow: str, scope: Scope) -> bool:
    """Tell whether a message names this workflow, or none."""
    return _named(scope) in (None, workflow)


def answers_one_of(digits: str, scope: Scope) -> bool:
    """Tell whether a message answers a command of an instance whose id begins with `digits`."""
    event: Any = scope["event"]
    named = read_command_id(event["causationid"] or "")
    return named is not None and named[0].startswith(digits)


def is_from_a_person(event: Event) -> bool:
    """Tell whether a message that came here is an order, or a decision about this workflow."""
    return event.type == ORDER or (event.type == APPROVAL and names_workflow(event))


def expects(outline: Outline, event_type: str) -> bool:
    """Tell whether an event that leads to nothing was perhaps meant for a workflow.

    How others' instances ended is none of its business: it listens for those that it runs itself.
    """
    if event_type not in RUN_REPLIES:
        return True
    starts = any(start.event_type == event_type for start in outline.plan.starts)
    return starts or event_type in outline.awaiting


def _named(scope: Scope) -> object:
    """Return the workflow that a message names; who explains the log asks about any data."""
    data = scope["data"]
    return data.get("workflow") if isinstance(data, dict) else None
