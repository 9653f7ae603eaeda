"""Witnesses that prove what is not so: rules that look right, and that every suite must notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.core.envelope import decode
from orchestrator.engine.marker import is_marker
from orchestrator.engine.witness import Witness
from orchestrator.ports import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.ports import Standing, Subscription


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


class CountsNothingOnItsWay(Witness):
    """Wrong: what the broker has handed out may still be between it and us."""

    async def _set_goal(self, session: Any, subscription: Subscription, turn: int) -> None:
        if session.goal is None and turn > max(session.said, OPEN):
            session.goal = (turn, session.taken + subscription.waiting())


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
