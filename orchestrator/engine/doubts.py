"""What was refused, until it is known that it did not come for the second time. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.engine.batch import Batch, Trigger
    from orchestrator.engine.patience import Patience
    from orchestrator.errors import Refused
    from orchestrator.ports import Store


@dataclass(frozen=True, slots=True)
class Doubt:
    """A refusal by a definition that remembers.

    An event that was taken in may come again, and then be refused because of what it did itself:
    an approval finds its step decided.

    Attributes:
        trigger: the event.
        rule: the name of the definition.
        key: the correlation key of the case.
        error: why it is refused.
    """

    trigger: Trigger
    rule: str
    key: str
    error: Refused


async def settle_doubts(batch: Batch, store: Store, patience: Patience, now: datetime) -> None:
    """Dead-letter what was refused, unless it was reacted to before."""
    doubts, batch.doubts = batch.doubts, []
    if not doubts:
        return
    asked = [(doubt.key, doubt.trigger.signal.reaction) for doubt in doubts]
    known = await patience.until_done("store", lambda: store.reacted(asked, now))
    for doubt in doubts:
        if doubt.trigger.signal.reaction in known:
            batch.repeated(doubt.trigger.intake)
        else:
            batch.fail(doubt.trigger.intake, doubt.rule, doubt.error)
