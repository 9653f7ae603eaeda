"""Dead-letters what is for workflows and schedules that are not in force. Asks no definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.deadletter import shortened_name
from orchestrator.core.headers import REDRIVE_RULE
from orchestrator.core.scheduled import TICK
from orchestrator.core.workflow.outline import COMPENSATE, START
from orchestrator.engine.doubts import Doubt
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.definitions import Listener
    from orchestrator.core.event import Event
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.case import Case, Intake


def miss(batch: Batch, intake: Intake, listeners: Sequence[Listener]) -> None:
    """Dead-letter an event that starts a workflow, or takes one back, which is not there.

    Whoever runs it would wait in vain, and nobody would know why. So it is with a tick that failed
    and is brought back while its schedule is not there: no other rule can be meant.

    Args:
        batch: what the event came with.
        intake: the event, of any type.
        listeners: who wants it.
    """
    workflow = _wanted(intake.event)
    if workflow is not None and all(definition.name != workflow for definition, _ in listeners):
        batch.miss(intake, workflow, _absent(f"workflow {workflow}"))
    schedule = intake.delivery.headers.get(REDRIVE_RULE)
    if intake.event.type == TICK and schedule is not None and not listeners:
        name = shortened_name(str(schedule))
        batch.miss(intake, name, _absent(f"schedule {name}"))


def miss_among_old(batch: Batch, case: Case) -> None:
    """Do the same where only old wordings of a workflow are left, and none is to decide.

    They end what they began, and begin nothing. What led to one that has ended may come again:
    that is found out later.

    Args:
        batch: what the event came with.
        case: an event of any type, alone, as any wording has it.
    """
    name = case.definition.name
    if _wanted(case.triggers[0].intake.event) == name:
        batch.doubts.append(Doubt(case, _absent(f"workflow {name}")))


def _wanted(event: Event) -> str | None:
    """Return the workflow that an event starts, or takes back; None if it does neither.

    Where there are no workflows, nobody has held its data against the schema.
    """
    data: Any = event.data
    if event.type not in {START, COMPENSATE} or not isinstance(data, dict):
        return None
    named = data.get("workflow")
    return shortened_name(named) if isinstance(named, str) else None


def _absent(what: str) -> Refused:
    return Refused(
        f"no {what} is in force here: put back what was removed, renamed or"
        " switched off, and redrive this"
    )
