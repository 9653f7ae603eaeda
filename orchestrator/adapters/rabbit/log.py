"""Reads the stream of every message, from any point, across reconnects. Knows no events."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from orchestrator.adapters.rabbit.link import Link
from orchestrator.adapters.rabbit.subscription import consuming
from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from orchestrator.adapters.rabbit.subscription import RabbitSubscription
    from orchestrator.core.event import Delivery

Start = Literal["first", "next"] | int | datetime
"""Where to begin: the oldest message kept, what comes from now on, an offset, or a time."""

OFFSET_HEADER: Final = "x-stream-offset"

_PREFETCH: Final = 500
_EMPTY_AFTER_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 0.2  # between the messages of one chunk there is no such pause
_RECONNECT_SECONDS: Final = 1.0
_MOST_REFUSALS: Final = 20  # streams come back last, long after the broker takes connections


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A message as it was published.

    Attributes:
        offset: its place in the stream; grows, with gaps.
        delivery: the message.
    """

    offset: int
    delivery: Delivery


class LogReader:
    """Reads one stream. Each reading has a connection of its own, as streams demand."""

    def __init__(
        self,
        url: str,
        stream: str,
        on_loss: Callable[[Unavailable | Misconfigured], None] | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: ``amqp://user:password@host:port/vhost``.
            stream: such as ``hms.log``.
            on_loss: hears of each loss of the connection while following.
        """
        self._url = url
        self._stream = stream
        self._on_loss = on_loss

    async def read(self, start: Start) -> AsyncIterator[LogEntry]:
        """Yield what the stream holds now, from `start` on, and end.

        A time may begin a little early: the broker only finds the chunk it lies in.

        Raises:
            Unavailable: the broker cannot be reached, or was lost.
            Misconfigured: there is no such stream, or it may not be read.
        """
        async with _connected(self._url) as link:
            end = await self._end(link)
            if end is None or (isinstance(start, int) and start > end) or start == "next":
                return
            # At a time after the newest message, nothing would come and the end never be seen.
            patience = _EMPTY_AFTER_SECONDS if isinstance(start, datetime) else None
            async with consuming(link, self._stream, _PREFETCH, _offset(start)) as subscription:
                async for entry in _entries(subscription, patience):
                    if entry.offset <= end:
                        yield entry
                    if entry.offset >= end:
                        return

    async def follow(self, start: Start) -> AsyncIterator[LogEntry]:
        """Yield messages from `start` on, for ever, each once; reconnects when it must.

        Raises:
            Unavailable: the broker cannot be reached at first.
            Misconfigured: there is no such stream, or it may not be read; after a loss, for longer
                than a broker needs that restarts.
        """
        last: int | None = None
        refusals = 0
        while True:
            try:
                async with (
                    _connected(self._url) as link,
                    consuming(link, self._stream, _PREFETCH, _offset(start)) as subscription,
                ):
                    last, refusals = -1 if last is None else last, 0
                    async for entry in _entries(subscription):
                        if entry.offset > last:
                            # Subscribing again with the old offset would replay everything.
                            last, start = entry.offset, entry.offset + 1
                            yield entry
            except (Unavailable, Misconfigured) as loss:
                refusals += isinstance(loss, Misconfigured)
                if last is None or refusals > _MOST_REFUSALS:
                    raise
                if self._on_loss is not None:
                    self._on_loss(loss)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _end(self, link: Link) -> int | None:
        """Return the offset of the newest message, or None if there is none.

        The broker's own count lags by seconds, but "last" gives the newest chunk at once.
        """
        end = None
        patience = _EMPTY_AFTER_SECONDS
        arguments = {OFFSET_HEADER: "last"}
        async with consuming(link, self._stream, _PREFETCH, arguments) as subscription:
            while True:
                try:
                    async with asyncio.timeout(patience):
                        arrived = await subscription.receive(_PREFETCH)
                except TimeoutError:
                    return end
                await subscription.acknowledge(arrived[-1])
                end = _place(arrived[-1])
                patience = _QUIET_SECONDS


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Link]:
    link = await Link.open(url, "orchestrator (log)")
    try:
        yield link
    finally:
        await link.close()


async def _entries(
    subscription: RabbitSubscription, patience_seconds: float | None = None
) -> AsyncIterator[LogEntry]:
    """Yield what comes, for ever; or end if the first does not come within `patience_seconds`."""
    while True:
        try:
            async with asyncio.timeout(patience_seconds):
                arrived: Sequence[Delivery] = await subscription.receive(_PREFETCH)
        except TimeoutError:
            return
        patience_seconds = None
        await subscription.acknowledge(arrived[-1])
        for delivery in arrived:
            yield LogEntry(_place(delivery), delivery)


def _place(delivery: Delivery) -> int:
    return int(str(delivery.headers[OFFSET_HEADER]))


def _offset(start: Start) -> dict[str, object]:
    return {OFFSET_HEADER: start}
