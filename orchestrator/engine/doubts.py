"""What was refused, until it is known that it did not come for the second time. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ports import Commit, Duplicate, Reaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.core.ids import ReactionId
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.case import Case, Intake
    from orchestrator.engine.patience import Patience
    from orchestrator.errors import Refused
    from orchestrator.ports import Store


@dataclass(frozen=True, slots=True)
class Doubt:
    """A refusal by a definition that remembers.

    An event that was taken in may come again, and then be refused because of what it did itself:
    an approval finds its step decided.

    Attributes:
        case: the event, alone.
        error: why it is refused.
    """

    case: Case
    error: Refused

    @property
    def intake(self) -> Intake:
        """The event's delivery."""
        return self.case.triggers[0].intake

    @property
    def reaction(self) -> ReactionId:
        """What it would lead to."""
        return self.case.triggers[0].signal.reaction


async def settle_doubts(
    batch: Batch, again: Sequence[Case], store: Store, patience: Patience, now: datetime
) -> None:
    """Dead-letter what was refused, unless it was reacted to before or is decided `again`."""
    doubts, batch.doubts = _standing(batch.doubts, again), []
    if not doubts:
        return
    asked = [(doubt.case.key, doubt.reaction) for doubt in doubts]
    known = await patience.until_done("store", lambda: store.reacted(asked, now))
    left: list[Doubt] = []
    for doubt in doubts:
        if doubt.reaction not in known:
            batch.fail(doubt.intake, doubt.case.definition.name, doubt.error)
        elif doubt.intake.delivery.redelivered:
            left.append(doubt)
        else:
            batch.repeated(doubt.intake)
    await _take_over(batch, left, store, patience, now)


def _standing(doubts: list[Doubt], again: Sequence[Case]) -> list[Doubt]:
    """Return the doubts less those on a state that did not come true, which is decided again."""
    if not doubts or not again:
        return doubts
    open_still = {trigger.signal.reaction for case in again for trigger in case.triggers}
    return [doubt for doubt in doubts if doubt.reaction not in open_still]


async def _take_over(
    batch: Batch, left: Sequence[Doubt], store: Store, patience: Patience, now: datetime
) -> None:
    """Send what a crash may have left of reactions that are known: their commit hands it back."""
    if not left:
        return
    commits = [Commit(doubt.case.key, (Reaction(doubt.reaction, ()),)) for doubt in left]
    results = await patience.until_done("store", lambda: store.commit(commits, now))
    for doubt, result in zip(left, results, strict=True):
        if isinstance(result, Duplicate):
            batch.duplicated(doubt.case, result.done)
