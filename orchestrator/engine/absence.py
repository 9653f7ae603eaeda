"""Dead-letters what is for workflows that are not in force. Asks no definition anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.workflow.outline import COMPENSATE, START
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.definitions import Listener
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.case import Intake


def miss(batch: Batch, intake: Intake, listeners: Sequence[Listener]) -> None:
    """Dead-letter an event that starts a workflow, or takes one back, which is not there.

    Whoever runs it would wait in vain, and nobody would know why.

    Args:
        batch: what the event came with.
        intake: the event, of any type.
        listeners: who wants it.
    """
    event = intake.event
    if event.type not in {START, COMPENSATE}:
        return
    data: Any = event.data
    workflow: str = data["workflow"]
    if all(definition.name != workflow for definition, _ in listeners):
        absent = Refused(
            f"no workflow {workflow} is in force here: put back what was removed, renamed or"
            " switched off, and redrive this"
        )
        batch.fail(intake, workflow, absent)
