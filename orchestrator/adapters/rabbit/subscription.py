"""An open consumption of one queue. Knows nothing of what is done with its deliveries."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from orchestrator.adapters.rabbit.decoding import delivery
from orchestrator.adapters.rabbit.encoding import acknowledgment
from orchestrator.adapters.rabbit.failures import translated
from orchestrator.errors import OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiormq.abc import AbstractChannel

    from orchestrator.adapters.rabbit.link import Link
    from orchestrator.core.event import Delivery


MOST_BYTES: Final = 2 * 1024 * 1024
"""What is handed over together, if it is more than one message. To read a megabyte may take a third
of a second and many times its size in memory, and heartbeats have to wait for a whole batch."""

_CONSUMER_TAG: Final = "orchestrator"  # unique on its channel, which has no other consumer


async def start_consuming(
    link: Link,
    channel: AbstractChannel,
    queue: str,
    prefetch: int,
    arguments: Mapping[str, Any] | None = None,
) -> RabbitSubscription:
    """Consume `queue` on a fresh channel, as its only consumer.

    Raises:
        AMQPError: of the client library: the caller says what was being done.
    """
    subscription = RabbitSubscription(link, channel, queue, prefetch)
    await channel.basic_qos(prefetch_count=prefetch)
    await channel.basic_consume(
        queue, _never_called, consumer_tag=_CONSUMER_TAG, arguments=dict(arguments or {})
    )
    return subscription


async def stop_consuming(link: Link, channel: AbstractChannel) -> None:
    """Cancel and close: what is not acknowledged goes back to its queue.

    Closing alone would do, but RabbitMQ passes only some 30 acknowledgments at a time on to a
    quorum queue, and forgets the rest when the channel closes: hundreds would come again.
    """
    with suppress(OrchestratorError), translated(link.where):
        await channel.basic_cancel(_CONSUMER_TAG)
        await channel.close()
    link.tap.detach(channel.number)


@asynccontextmanager
async def consuming(
    link: Link, queue: str, prefetch: int, arguments: Mapping[str, Any] | None = None
) -> AsyncIterator[RabbitSubscription]:
    """Consume `queue` for the time of the block.

    Raises:
        Unavailable: the connection is lost.
        Misconfigured: there is no such queue, or it may not be read.
    """
    with translated(f"{link.where}: consume {queue}"):
        channel = await link.channel()
        subscription = await start_consuming(link, channel, queue, prefetch, arguments)
    try:
        yield subscription
    finally:
        await stop_consuming(link, channel)


async def _never_called(_message: object) -> None:
    """Stand in for the client library's own consumer: the tap takes deliveries before it."""


class RabbitSubscription:
    """What arrives on one channel, in order, until the channel ends."""

    def __init__(self, link: Link, channel: AbstractChannel, queue: str, prefetch: int) -> None:
        self._link = link
        self._consuming = channel
        self._prefetch = prefetch
        self._channel = channel.number
        self._doing = f"{link.where}: consume {queue}"
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[Delivery] = deque()
        self._bytes = 0
        self._arrival: asyncio.Future[None] | None = None
        self._failure: Unavailable | None = None
        link.tap.attach(channel.number, self)

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait for deliveries: see `ports.Subscription`."""
        arrived = self._arrived
        while not arrived:
            self._raise_failure()
            self._arrival = self._loop.create_future()
            await self._arrival
        # After the end, what arrived before is still worth deciding: but it will come again, so
        # stop at once rather than do it twice.
        self._raise_failure()
        if len(arrived) <= limit and self._bytes <= MOST_BYTES:
            batch = list(arrived)
            arrived.clear()
            self._bytes = 0
            return batch
        return self._take(limit)

    def _take(self, limit: int) -> list[Delivery]:
        """Return the first deliveries: at most `limit`, and no more than may be decided at once."""
        batch: list[Delivery] = []
        taken = 0
        while self._arrived and len(batch) < limit:
            size = len(self._arrived[0].body)
            if batch and taken + size > MOST_BYTES:
                break
            taken += size
            batch.append(self._arrived.popleft())
        self._bytes -= taken
        return batch

    async def acknowledge(self, delivery: Delivery) -> None:
        """Settle `delivery` and all before it: see `ports.Subscription`."""
        self._raise_failure()
        self._link.write(acknowledgment(self._channel, delivery.token))

    async def acknowledge_only(self, delivery: Delivery) -> None:
        """Settle `delivery` and none of those before it."""
        self._raise_failure()
        self._link.write(acknowledgment(self._channel, delivery.token, multiple=False))

    def waiting(self) -> int:
        """Return how many deliveries wait to be received."""
        return len(self._arrived)

    async def catch_up(self) -> None:
        """Wait for what is on its way: see `ports.Subscription`.

        Whatever the broker answers on this channel comes behind what it sent on it before. Setting
        the prefetch changes nothing: it counts for those who begin to consume after it.
        """
        self._raise_failure()
        with translated(self._doing):
            await self._consuming.basic_qos(prefetch_count=self._prefetch)
        self._raise_failure()

    def delivered(self, method: bytes, header: bytes, body: bytes) -> None:
        """Keep a message until somebody receives it: see `tap.Receiver`."""
        self._arrived.append(delivery(method, header, body))
        self._bytes += len(body)
        if self._arrival is not None:
            self._wake()

    def returned(self, method: bytes) -> None:
        """Nothing is published on this channel."""

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        """Nothing is published on this channel."""

    def ended(self, code: int, reason: str) -> None:  # noqa: ARG002 - the protocol
        """Tell whoever waits. Whether it can be mended by waiting, the next subscribe finds out."""
        self._failure = Unavailable(f"{self._doing}: {reason}")
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        self._arrival = None

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
