"""A world in which a process made of given parts lives until it is killed, and is swept behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.engine.sweeper import Sweeper
from tests.engine.interference import Meddled, MeddledBroker
from tests.engine.world import StillClock, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from orchestrator.core.definitions import Rulebook
    from orchestrator.ports import OutboxEntry, Store
    from tests.engine.interference import Interference

NO_END = 10**9
"""More outside calls than any life has."""


class Place(World):
    """A queue, and engines with these rules and parts.

    Args:
        store: of all who live here.
        book: the rules.
        parts: what engines are made of, where it is not what they are made of usually.
    """

    def __init__(self, store: Store, book: Rulebook, parts: dict[str, Any] | None = None) -> None:
        super().__init__(store)
        self.rulebook = book
        self._parts = parts or {}

    def engine(self, **options: Any) -> Any:
        return super().engine(**{**options, **self._parts})

    async def sweep(self, between: Interference, moment: datetime) -> None:
        """Send what a process that died left unsent, as the sweeper does at that moment."""
        _, _, ledger = self.timekeeper()
        store: Any = _Swept(self.store, between)
        broker: Any = MeddledBroker(self.broker, between)
        clock = StillClock()
        clock.moment = moment
        patience: Any = None
        await Sweeper(
            broker, store, clock, patience, ledger, period_seconds=1, age_seconds=30
        ).sweep()


class _Swept(Meddled):
    def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        entries: AsyncIterator[OutboxEntry] = self._port.outbox(committed_before)
        return entries
