"""Sends again what stayed in the outbox: the work of a replica that died and never came back."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core import headers
from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import Observer
    from orchestrator.ports import Broker, Clock, OutboxEntry, Store

CHUNK = 100


class Sweeper:
    """Looks at the outbox at start and every `period_seconds`.

    Args:
        age_seconds: younger entries belong to a replica that is still at it.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        broker: Broker,
        store: Store,
        clock: Clock,
        patience: Patience,
        observer: Observer,
        *,
        period_seconds: float,
        age_seconds: float,
    ) -> None:
        self._broker = broker
        self._store = store
        self._clock = clock
        self._patience = patience
        self._observer = observer
        self._period_seconds = period_seconds
        self._age = timedelta(seconds=age_seconds)

    async def run(self) -> None:
        """Sweep until the process stops. A service that is away is waited for."""
        # What fails when the process stops is no loss: the next one to run sweeps it.
        with suppress(Unavailable, Misconfigured):
            while not self._patience.stopping:
                await self._patience.until_done("store", self._store.verify)
                await self._patience.until_done("outbox", self.sweep)
                await self._patience.idle(self._period_seconds)

    async def sweep(self) -> int:
        """Publish every entry that is old enough with the ids it was committed with.

        Dead letters go last: while their queue is full, they must not keep anything else.

        Returns:
            How many reactions were sent again.
        """
        now = self._clock.now()
        overdue: list[OutboxEntry] = []
        letters: list[OutboxEntry] = []
        republished, oldest = 0, now
        async for entry in self._store.outbox(committed_before=now - self._age):
            oldest = min(oldest, entry.committed_at)
            (letters if _is_dead_letter(entry) else overdue).append(entry)
            if len(overdue) == CHUNK:
                republished += await self._send(overdue)
                overdue = []
        republished += await self._send(overdue)
        depth = await self._store.outbox_size()
        self._observer.swept(republished, depth, (now - oldest).total_seconds())
        for begin in range(0, len(letters), CHUNK):
            republished += await self._send(letters[begin : begin + CHUNK])
        return republished

    async def _send(self, entries: Sequence[OutboxEntry]) -> int:
        if entries:
            await self._broker.publish([message for entry in entries for message in entry.messages])
            await self._store.settle([entry.settlement for entry in entries])
        return len(entries)


def _is_dead_letter(entry: OutboxEntry) -> bool:
    return any(headers.REASON in message.headers for message in entry.messages)
