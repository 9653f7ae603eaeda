"""What is decided again where another replica was faster: on what is, not on what would be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.decision import (
    Decision,
    Elapsed,
    Instance,
    Signal,
    emit,
    forget,
    ignore,
    remember,
)
from orchestrator.errors import ExpressionError
from tests.engine.definitions import Pairs, sending
from tests.engine.interference import Gate
from tests.engine.messages import filed
from tests.engine.world import World

if TYPE_CHECKING:
    from tests.engine.conftest import NewStore


@dataclass(frozen=True)
class Cases(Pairs):
    """A case that is closed on demand unless somebody holds it.

    Attributes:
        strict: whether answers to no case are refused; they are ignored else.
    """

    name: str = "cases"
    strict: bool = False
    triggers: tuple[str, ...] = ("Opened", "Held", "Closed", "Answered")

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Open, hold or close a case, or tell of an answer."""
        assert isinstance(signal, Signal)
        match signal.event.type:
            case "Opened":
                return remember(b"open")
            case "Held":
                return remember(b"held")
            case "Closed":
                return forget() if instance and instance.state == b"open" else emit(())
        if instance is None and self.strict:
            raise ExpressionError("there is no case")
        return (
            ignore()
            if instance is None
            else emit((sending(signal, "Told", key=signal.event.correlation_id),))
        )


@pytest.mark.parametrize("strict", [False, True], ids=["ignored", "refused"])
async def test_what_meant_nothing_is_decided_again(new_store: NewStore, *, strict: bool) -> None:
    """It came behind what closed the case, which another replica has kept open meanwhile."""
    this = World(new_store(), Cases(strict=strict))
    await this.publish(filed("o", "C-1", "Opened"))
    await this.run()
    await this.publish(filed("c", "C-1", "Closed"), filed("a", "C-1", "Answered"))
    held = Gate("commit")
    slower = asyncio.create_task(this.run(between=held))
    await held.reached_by(1)
    await this.publish(filed("h", "C-1", "Held"))
    await this.run()
    held.open()
    ledger = await slower
    assert sum(report.conflicts for report in ledger.reports) == 1
    assert [message.type for message in this.sent] == ["Told"]
    assert this.dead_letters == []


async def test_what_is_refused_on_what_was_committed_is_a_dead_letter(new_store: NewStore) -> None:
    """Once, although another event of its case led to something."""
    this = World(new_store(), Cases(strict=True))
    await this.publish(filed("o", "C-1", "Opened"), filed("c", "C-1", "Closed"))
    await this.publish(filed("a", "C-1", "Answered"))
    ledger = await this.run(batch_size=3)
    assert len(this.dead_letters) == 1
    assert ledger.events["Answered", "failed"] == 1
    assert ledger.events["Closed", "reacted"] == 1


async def test_what_is_ignored_in_the_end_counts_as_ignored(new_store: NewStore) -> None:
    """Beside an event of its case that led to something."""
    this = World(new_store(), Cases())
    await this.publish(filed("o", "C-1", "Opened"), filed("c", "C-1", "Closed"))
    await this.publish(filed("a", "C-1", "Answered"))
    ledger = await this.run(batch_size=3)
    assert ledger.events["Answered", "ignored"] == 1
    assert ledger.events["Closed", "reacted"] == 1
