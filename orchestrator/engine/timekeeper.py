"""Fires durable timers: after the events that came before them, in the order they are due."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.engine.batch import Batch
    from orchestrator.engine.engine import Engine
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import Observer
    from orchestrator.engine.spine import Spine
    from orchestrator.ports import Clock, Store, Timer

PERIOD_SECONDS = 0.5
TIMERS_AT_ONCE = 4000
"""How many to ask the store for. It may answer with fewer, though more are due."""

PART = 250
"""How many of them are decided and committed together: events must not wait long behind them."""

PARTS_IN_FLIGHT = 3
"""How many parts may be publishing and settling while the next is decided."""


class Timekeeper:
    """Looks for due timers twice a second; any number of replicas may.

    Args:
        engine: whose rulebook decides, and whose witness finds out what must go first.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        engine: Engine,
        spine: Spine,
        store: Store,
        *,
        clock: Clock,
        patience: Patience,
        observer: Observer,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._spine = spine
        self._patience = patience
        self._observer = observer
        self._witness = engine.witness

    async def run(self) -> None:
        """Fire timers until the process stops."""
        # What fails when the process stops is no loss: the timers stay set.
        with suppress(Unavailable, Misconfigured):
            while not self._patience.stopping:
                if not await self.fire_due():
                    await self._patience.idle(PERIOD_SECONDS, self._witness.proved)

    async def fire_due(self) -> int:
        """Fire what is due and behind no event; return how many timers that were.

        Those that somebody else fired, moved or cancelled meanwhile do not count.
        """
        now = self._clock.now()
        self._witness.backlog.believe(now)
        due = await self._patience.until_done("store", lambda: self._store.due(now, TIMERS_AT_ONCE))
        ready = await self._behind_no_event(due)
        fired = 0
        sending: deque[asyncio.Task[None]] = deque()
        try:
            for begin in range(0, len(ready), PART):
                if self._patience.stopping:
                    break
                part = ready[begin : begin + PART]
                batch = await self._spine.elapse(part, self._engine.rulebook)
                fired += sum(batch.report.reactions.values())
                if len(sending) == PARTS_IN_FLIGHT:
                    await sending.popleft()
                sending.append(asyncio.create_task(self._send(batch)))
        except asyncio.CancelledError:
            for task in sending:  # they may wait as long as the one that we waited for
                task.cancel()
            raise
        finally:
            await asyncio.gather(*sending)
        return fired

    async def _send(self, batch: Batch) -> None:
        """Send what was decided, while the next are decided."""
        report = await self._spine.finish(batch)
        for error, tried in batch.defects:
            self._observer.defect(error, tried)
        self._observer.batch_done(report)

    async def _behind_no_event(self, due: Sequence[Timer]) -> Sequence[Timer]:
        """Return the timers that every event which arrived before them has been decided for."""
        backlog = self._witness.backlog
        if due and due[-1].due > backlog.decided_until:
            await self._witness.seek()
        return [timer for timer in due if timer.due <= backlog.decided_until]
