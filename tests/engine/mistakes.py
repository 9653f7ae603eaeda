"""Engines and stores with their steps in a wrong order, which every suite of faults must notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.engine import Engine
from orchestrator.engine.spine import Spine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import (
        Commit,
        CommitResult,
        InstanceKey,
        Subscription,
        Timer,
    )


class AckOnArrival(Engine):
    """Wrong: acknowledges what nobody has decided yet."""

    async def _receive(self, subscription: Subscription) -> Sequence[Delivery]:
        deliveries = await super()._receive(subscription)
        if deliveries:
            await subscription.acknowledge(deliveries[-1])
        return deliveries


class SettleFirst(Spine):
    """Wrong: empties the outbox before its messages are confirmed."""

    async def finish(self, batch: Batch) -> BatchReport:
        await self._store.settle(batch.settlements)
        batch.settlements = []
        return await super().finish(batch)


class LooksAtNoRevision(Spine):
    """Wrong: whatever the files say decides on every instance, also on those that began before."""

    async def react(self, deliveries: Sequence[Delivery], rulebook: Rulebook) -> Batch:
        rulebook.retired.__init__()  # type: ignore[misc]
        return await super().react(deliveries, rulebook)


class NoOutbox(MemoryStore):
    """Wrong: what is committed and not yet sent is nowhere."""

    async def commit(self, *arguments: Any) -> Any:
        results = await super().commit(*arguments)
        self._outbox.clear()
        return results


class TakesTimersFirst(MemoryStore):
    """Wrong: a timer that is taken before the commit dies with its process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._taken: dict[InstanceKey, datetime] = {}

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        timers = await super().due(now, limit)
        for timer in timers:
            self._taken[timer.at] = self._timers.pop(timer.at)
        return timers

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        for commit in commits:
            if commit.timer is not None and commit.timer.at in self._taken:
                self._timers.setdefault(commit.timer.at, self._taken.pop(commit.timer.at))
        return await super().commit(commits, now)
