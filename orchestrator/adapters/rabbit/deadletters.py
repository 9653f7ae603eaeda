"""Looks at dead letters and brings them back. Knows queues, not what the messages mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.rabbit.failures import translated
from orchestrator.adapters.rabbit.link import Link
from orchestrator.adapters.rabbit.subscription import consuming
from orchestrator.core.deadletter import DeadLetter, read, revival
from orchestrator.topology import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from orchestrator.adapters.rabbit.subscription import RabbitSubscription
    from orchestrator.core.event import Delivery
    from orchestrator.topology import Names

Progress = Callable[[int, int], None]
"""Hears how many dead letters were looked at, of how many."""

_BATCH: Final = 200
_QUIET_SECONDS: Final = 2.0
_MAX_PREFETCH: Final = 65_535  # what AMQP can say; no limit at all means 2,000 on a quorum queue
_SUFFIX: Final = dead_letter_queue("")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant.

    Attributes:
        reason: only those with this reason; None for any.
        limit: at most so many; None for all.
        where: only those it holds for; None for any. Those that are not meant are not kept in
            memory: a queue may hold more than fits.
    """

    reason: str | None = None
    limit: int | None = None
    where: Callable[[DeadLetter], bool] | None = None

    def wants(self, letter: DeadLetter) -> bool:
        """Return whether `letter` is one of them, the limit aside."""
        if self.reason is not None and letter.reason != self.reason:
            return False
        return self.where is None or self.where(letter)


EVERYTHING: Final = Selection()


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""


class DeadLetters:
    """The dead letters of one installation."""

    def __init__(self, link: Link, broker: RabbitBroker, names: Names) -> None:
        self._link = link
        self._broker = broker
        self._names = names

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, names: Names) -> AsyncIterator[DeadLetters]:
        """Connect for the time of the block.

        Raises:
            Unavailable: the broker cannot be reached.
            Misconfigured: it refuses us.
        """
        link = await Link.open(url, "orchestrator (dead letters)")
        try:
            async with RabbitBroker(url, names, client="orchestrator dead letters") as broker:
                yield cls(link, broker, names)
        finally:
            await link.close()

    async def look(self, queue: str, selection: Selection = EVERYTHING) -> list[DeadLetter]:
        """Return dead letters of `queue` (``<name>.dlq`` or ``hms.unrouted``); they stay there.

        Raises:
            Unavailable: the connection is lost.
            Misconfigured: there is no such queue, or it may not be read.
        """
        return await self._walk(queue, selection, _remove_nothing, _silent)

    async def redrive(
        self, queue: str, selection: Selection = EVERYTHING, progress: Progress = _silent
    ) -> list[DeadLetter]:
        """Send dead letters of `queue` back to where they failed, and return them.

        Each is published and confirmed before it is removed: stopped half-way, one may be there
        twice, none is lost. What found no queue goes to the entry exchange under its old key.

        Raises:
            Unavailable: the connection is lost, or the target takes no messages.
            Misconfigured: there is no such queue, or it may not be read.
        """
        target = None if queue == self._names.unrouted else queue.removesuffix(_SUFFIX)

        async def send(subscription: RabbitSubscription, letters: Sequence[DeadLetter]) -> None:
            await self._broker.publish([revival(letter, target) for letter in letters])
            await _remove(subscription, letters)

        return await self._walk(queue, selection, send, progress)

    async def purge(
        self, queue: str, selection: Selection = EVERYTHING, progress: Progress = _silent
    ) -> int:
        """Delete dead letters of `queue` for good and return how many.

        Raises:
            Unavailable: the connection is lost.
            Misconfigured: there is no such queue, or it may not be changed.
        """
        if selection == EVERYTHING:
            with translated(f"{self._link.where}: purge {queue}"):
                channel = await self._link.channel()
                purged = await channel.queue_purge(queue)
                await channel.close()
            return purged.message_count or 0
        return len(await self._walk(queue, selection, _remove, progress))

    async def _walk(
        self,
        queue: str,
        selection: Selection,
        act: Callable[[RabbitSubscription, Sequence[DeadLetter]], Awaitable[None]],
        progress: Progress,
    ) -> list[DeadLetter]:
        """Look at each dead letter there is now once, `act` on the selected, and return them."""
        total = await self._count(queue)
        wanted = total if selection.limit is None else min(selection.limit, total)
        chosen: list[DeadLetter] = []
        seen = 0
        # What is looked at and left alone must not keep the rest from coming.
        prefetch = min(max(total, 1), _MAX_PREFETCH)
        async with consuming(self._link, queue, prefetch) as subscription:
            while seen < total and len(chosen) < wanted:
                arrived = await _next(subscription, min(_BATCH, total - seen))
                if not arrived:
                    break
                seen += len(arrived)
                letters = [read(delivery, queue) for delivery in arrived]
                found = [letter for letter in letters if selection.wants(letter)]
                found = found[: wanted - len(chosen)]
                if found:
                    await act(subscription, found)
                chosen += found
                progress(seen, total)
        if act is not _remove_nothing:
            total -= len(chosen)
        await self._until_back(queue, total)
        return chosen

    async def _until_back(self, queue: str, count: int) -> None:
        """Wait until the broker has put back what was not removed, which it does in its own time.

        Somebody else may take some: so not for long.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_SECONDS):
                while await self._count(queue) < count:
                    pass

    async def _count(self, queue: str) -> int:
        with translated(f"{self._link.where}: look at {queue}"):
            channel = await self._link.channel()
            status = await channel.queue_declare(queue, passive=True)
            await channel.close()
        return status.message_count or 0


async def _next(subscription: RabbitSubscription, limit: int) -> Sequence[Delivery]:
    """Return what comes next; nothing if somebody else took the rest."""
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            return await subscription.receive(limit)
    except TimeoutError:
        return ()


async def _remove_nothing(_subscription: RabbitSubscription, _: Sequence[DeadLetter]) -> None:
    """Acknowledge nothing: all go back."""


async def _remove(subscription: RabbitSubscription, letters: Sequence[DeadLetter]) -> None:
    for letter in letters:
        await subscription.acknowledge_only(letter.delivery)
