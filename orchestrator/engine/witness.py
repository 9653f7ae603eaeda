"""Proves, with the other replicas, that what arrived before a moment is decided. Decides nothing.

No clock of a producer or of another replica counts, and nothing that the broker counts as waiting:
only markers in the queue, and what each replica says of the deliveries in its own hands.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

from orchestrator.engine.marker import is_marker, marker, starter
from orchestrator.engine.proof import Attempt
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.ports import JOINED, OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.core.event import Delivery
    from orchestrator.engine.backlog import Backlog
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Broker, Clock, Progress, Standing, Subscription

LOOK_SECONDS = 0.2
"""How soon a replica answers to a marker that another took."""

BUSY_SECONDS = 0.05
"""How soon it hears the answers of the others to its own."""

HEARTBEAT = timedelta(seconds=5)
FIRST_PAUSE = timedelta(seconds=0.5)
DOUBLINGS = 4
"""How often the pause before another attempt doubles: one for each that is under way."""


@dataclass(slots=True)
class _Session:
    """One subscription, and what came of it.

    Attributes:
        taken: how many deliveries were received.
        decided: how many of these are, in order.
        said: what we said last.
        goal: the turn to answer to, and how many must be decided for that.
        attempts: those under way, in order.
        markers: how many were sent.
    """

    member: str
    subscription: Subscription | None = None
    taken: int = 0
    decided: int = 0
    said: int = JOINED
    said_at: datetime | None = None
    goal: tuple[int, int] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    markers: int = 0

    @property
    def reached(self) -> bool:
        """Whether what the goal asks for is decided."""
        return self.goal is not None and self.decided >= self.goal[1]


class Witness:
    """Says for its replica what is decided, and hears it of the others.

    Args:
        backlog: learns what is proven.
        progress: where replicas tell each other.
        broker: takes markers.
        clock: the moments that are proven, and when to say something again.
        patience: how to wait for the services.
        queue: the input queue.

    Attributes:
        backlog: what is proven.
        proved: rings when something was proven.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        backlog: Backlog,
        progress: Progress,
        broker: Broker,
        *,
        clock: Clock,
        patience: Patience,
        queue: str,
    ) -> None:
        self.backlog = backlog
        self._progress = progress
        self._broker = broker
        self._clock = clock
        self._patience = patience
        self._queue = queue
        self._process = token_hex(8)
        self._joined = 0
        self._session: _Session | None = None
        self._news = patience.bell()
        self.proved = patience.bell()

    async def join(self) -> None:
        """Become known before a subscription is opened: nobody may take a delivery unknown."""
        self._joined += 1
        session = self._session = _Session(f"{self._process}/{self._joined}")
        await self._say(session, JOINED)

    def opened(self, subscription: Subscription) -> None:
        """Count for this subscription from now on."""
        if self._session is not None:
            self._session.subscription = subscription
            self._news.set()

    def closed(self) -> None:
        """Answer for the subscription no more: what it left undecided comes again to somebody."""
        self._session = None

    async def took(self, deliveries: Sequence[Delivery]) -> None:
        """Count what was received just now, and tell all of the markers in it.

        Until that is told they must not be acknowledged.
        """
        if self._session is not None:
            self._session.taken += len(deliveries)
        for delivery in deliveries:
            if is_marker(delivery) and (whose := starter(delivery)) is not None:
                await self._tell(*whose)

    async def _tell(self, member: str, number: int) -> None:
        await self._patience.until_done("store", lambda: self._progress.took(member, number))
        self._news.set()

    def decided(self, count: int) -> None:
        """Count the next `count` of what was received as decided."""
        session = self._session
        if session is not None:
            session.decided += count
            if session.reached:
                self._news.set()

    async def run(self) -> None:
        """Look how things stand until the process stops: at once where there are news, or often."""
        # What fails when the process stops is no loss: who says nothing is waited for.
        with suppress(Unavailable, Misconfigured):
            while not self._patience.stopping:
                await self._patience.until_done("store", self.look)
                await self._patience.idle(self._pause_seconds(), self._news)

    def _pause_seconds(self) -> float:
        session = self._session
        waits = session is not None and any(each.turn for each in session.attempts)
        return BUSY_SECONDS if waits else LOOK_SECONDS

    async def look(self) -> None:
        """Look how things stand, answer what can be answered, and see what is proven by that."""
        session = self._session
        if session is None or session.subscription is None:
            return
        standing = await self._progress.look()
        await self._set_goal(session, session.subscription, standing.turn)
        answer = max(session.said, OPEN)
        if session.reached and session.goal is not None:
            answer, session.goal = session.goal[0], None
            self._news.set()  # the next turn may have come meanwhile
        if answer != session.said or session.member not in standing.members or self._late(session):
            standing = await self._say(session, answer)
        self._conclude(session, standing)

    async def seek(self) -> None:
        """Begin to prove that what has arrived until now is decided, unless that is under way."""
        session = self._session
        if session is None or session.said < OPEN or self._is_early(session):
            return
        known = await self._patience.until_done("store", self._progress.look)
        consumers = None
        if known.members.keys() - {session.member}:
            consumers = await self._patience.until_done(
                "broker", lambda: self._broker.consumers(self._queue)
            )
        session.markers += 1
        number = session.markers
        session.attempts.append(Attempt(self._clock.now(), number, known.members, consumers))
        sent = [marker(self._queue, session.member, number)]
        await self._patience.until_done("broker", lambda: self._broker.publish(sent))

    def _is_early(self, session: _Session) -> bool:
        """Tell whether to wait for the attempts under way: the more of them, the longer."""
        if not session.attempts:
            return False
        pause = FIRST_PAUSE * (1 << min(len(session.attempts), DOUBLINGS))
        passed = self._clock.now() - session.attempts[-1].moment
        return timedelta() <= passed < pause  # clocks are set back at times

    async def _set_goal(self, session: _Session, subscription: Subscription, turn: int) -> None:
        """Find out what is in our hands at a turn: it has to be decided before we answer."""
        if session.goal is None and turn > max(session.said, OPEN):
            with suppress(Unavailable, Misconfigured):  # the engine notices, and subscribes anew
                await subscription.catch_up()
                session.goal = (turn, session.taken + subscription.waiting())

    async def _say(self, session: _Session, said: int) -> Standing:
        standing = await self._patience.until_done(
            "store", lambda: self._progress.say(session.member, said)
        )
        session.said, session.said_at = said, self._clock.now()
        return standing

    def _late(self, session: _Session) -> bool:
        return session.said_at is None or self._clock.now() - session.said_at >= HEARTBEAT

    def _conclude(self, session: _Session, standing: Standing) -> None:
        """See which attempts hold; older ones are then of no use any more."""
        for attempt in session.attempts:
            attempt.hear(session.member, standing)
        proven = [attempt for attempt in session.attempts if attempt.holds(standing)]
        if proven:
            newest = proven[-1]
            self.backlog.proven(newest.moment)
            session.attempts = [each for each in session.attempts if each.number > newest.number]
            self.proved.set()
