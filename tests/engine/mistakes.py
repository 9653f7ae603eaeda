"""Engines, stores and witnesses that do it wrongly, which every suite of faults must notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.envelope import decode
from orchestrator.engine.engine import Engine
from orchestrator.engine.marker import is_marker
from orchestrator.engine.spine import Spine
from orchestrator.engine.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import (
        Commit,
        CommitResult,
        InstanceKey,
        Standing,
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


class NoOutbox(MemoryStore):
    """Wrong: what is committed and not yet sent is nowhere."""

    async def commit(self, *arguments: Any) -> Any:
        results = await super().commit(*arguments)
        self._outbox.clear()
        return results


class TakesTimersFirst(MemoryStore):
    """Wrong: a timer that is taken before the commit dies with its process."""

    def __init__(self) -> None:
        super().__init__()
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


class Hasty(Witness):
    """Wrong: after an outage the answers lie in the queue."""

    async def seek(self) -> None:
        self.backlog.proven(self._clock.now())


class SeesTheQueueEmpty(Witness):
    """Wrong: what another replica has taken is in no queue."""

    async def seek(self) -> None:
        mine = self._session
        idle = mine is not None and mine.taken == mine.decided
        if idle and not await self._broker.backlog(self._queue):
            self.backlog.proven(self._clock.now())


class BelievesStamps(Witness):
    """Wrong: a producer's clock may be fast, and what another replica holds may be older."""

    newest = datetime.min.replace(tzinfo=UTC)

    async def took(self, deliveries: Sequence[Delivery]) -> None:
        await super().took(deliveries)
        events = [each for each in deliveries if not is_marker(each)]
        if events:
            self.newest = decode(events[-1], self._clock.now(), 10**6).time

    def decided(self, count: int) -> None:
        super().decided(count)
        self.backlog.proven(min(self.newest, self._clock.now()))


class AsksNobody(Witness):
    """Wrong: the marker was taken, but others hold what came before it."""

    def _conclude(self, session: Any, standing: Standing) -> None:
        me = {session.member: standing.members[session.member]}
        super()._conclude(session, replace(standing, members=me))


class AnswersAtOnce(Witness):
    """Wrong: what is received is not decided yet."""

    async def _set_goal(self, session: Any, subscription: Subscription, turn: int) -> None:
        await super()._set_goal(session, subscription, turn)
        session.goal = session.goal and (turn, 0)


class WaitsForNoDead(Witness):
    """Wrong: what the dead have left may come again behind the marker."""

    def _conclude(self, session: Any, standing: Standing) -> None:
        turns = [attempt.turn for attempt in session.attempts if attempt.turn]
        alive = {
            each: said
            for each, said in standing.members.items()
            if any(said >= turn for turn in turns)
        }
        super()._conclude(session, replace(standing, members=alive))
