"""The broker port on RabbitMQ: one connection to publish, one to consume. Declares nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar

from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Queue

from orchestrator.adapters.rabbit.failures import alarm, place, translated
from orchestrator.adapters.rabbit.link import Link
from orchestrator.adapters.rabbit.publisher import CONFIRM_TIMEOUT_SECONDS, Publisher
from orchestrator.adapters.rabbit.subscription import start_consuming, stop_consuming
from orchestrator.adapters.rabbit.tap import unheard
from orchestrator.backoff import delays
from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence

    from aiormq.abc import AbstractChannel

    from orchestrator.adapters.rabbit.subscription import RabbitSubscription
    from orchestrator.core.event import Message
    from orchestrator.topology import Names

PATIENCE_SECONDS: Final = 10.0
"""How long a missing queue may be one that has not come back yet after the broker's restart."""

_FIRST_CONFIRM_SECONDS: Final = 2.0
"""A broker that just came up drops what goes to a queue that is not back yet, and never confirms it
on that channel: do not wait long, and longer each time in case it is only slow."""

Result = TypeVar("Result")

_RETRY_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 1.0


class RabbitBroker:
    """Publishes and consumes. Connects when first asked to, and again after a loss.

    A memory alarm stops the broker from reading a connection that publishes, acknowledgments
    included: hence two.
    """

    def __init__(
        self,
        url: str,
        names: Names,
        *,
        client: str = "orchestrator",
        patience_seconds: float = PATIENCE_SECONDS,
        hears_alarm: Callable[[str | None], None] | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: ``amqp://user:password@host:port/vhost``.
            names: what the exchanges are called.
            client: what the management UI shows.
            patience_seconds: how long to look for a missing queue before calling it missing.
            hears_alarm: is told when the broker takes nothing that we publish (memory, disk), and
                why in a sentence, and with None when it does again: publishing waits for that.
                With nobody to hear it, publishing fails.
        """
        self._names = names
        self._patience_seconds = patience_seconds
        self._hears_alarm = hears_alarm
        self._where = f"RabbitMQ at {place(url)}"
        self._publishing = _Connector(url, f"{client} (publish)", self._tell_of_alarm)
        self._consuming = _Connector(url, f"{client} (consume)")
        self._publisher: Publisher | None = None
        self._wasted = 0
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close both connections. What is unacknowledged goes back to its queue."""
        self._publisher = None
        await self._publishing.close()
        await self._consuming.close()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send `messages` and wait for their confirms: see `ports.Broker`."""
        publisher = self._publisher
        if publisher is None or publisher.failure is not None:
            publisher = await self._open_publisher()
        await publisher.publish(messages)

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[RabbitSubscription]:
        """Consume `queue`: see `ports.Broker`."""
        link = await self._consuming.link()

        async def consume(channel: AbstractChannel) -> RabbitSubscription:
            return await start_consuming(link, channel, queue, prefetch)

        channel, subscription = await self._patiently(link, f"consume {queue}", consume)
        try:
            yield subscription
        finally:
            await stop_consuming(link, channel)

    async def backlog(self, queue: str) -> int:
        """Count the messages that wait in `queue`: see `ports.Broker`."""
        return (await self._look_at(queue)).message_count or 0

    async def consumers(self, queue: str) -> int:
        """Count who consumes `queue`: see `ports.Broker`. Zero too where it cannot tell in time."""
        return (await self._look_at(queue)).consumer_count or 0

    async def bind(self, queue: str, channels: Collection[str]) -> None:
        """Bind `queue` on the bus: see `ports.Broker`."""
        bus = self._names.bus

        async def bind(channel: AbstractChannel) -> None:
            for key in sorted(channels):
                await channel.queue_bind(queue, bus, key)

        await self._once(f"bind {queue} to {bus}", bind)

    async def unbind(self, queue: str, channels: Collection[str]) -> None:
        """Unbind `queue` from the bus: see `ports.Broker`."""
        bus = self._names.bus

        async def unbind(channel: AbstractChannel) -> None:
            for key in sorted(channels):
                await channel.queue_unbind(queue, bus, key)

        await self._once(f"unbind {queue} from {bus}", unbind)

    async def _look_at(self, queue: str) -> Queue.DeclareOk:
        found = Queue.DeclareOk()

        async def look(channel: AbstractChannel) -> None:
            nonlocal found
            found = await channel.queue_declare(queue, passive=True)

        await self._once(f"look at {queue}", look)
        return found

    async def _once(self, doing: str, work: Callable[[AbstractChannel], Awaitable[None]]) -> None:
        link = await self._consuming.link()
        channel, _ = await self._patiently(link, doing, work)
        with translated(link.where):
            await channel.close()

    async def _patiently(
        self, link: Link, doing: str, work: Callable[[AbstractChannel], Awaitable[Result]]
    ) -> tuple[AbstractChannel, Result]:
        """Do `work` on a channel of its own, and again while a queue is missing.

        After a restart the broker takes connections before it has all its queues back.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_seconds
        with translated(f"{link.where}: {doing}"):
            while True:
                channel = await link.channel()
                try:
                    return channel, await work(channel)
                except ChannelNotFoundEntity:
                    link.tap.detach(channel.number)
                    if loop.time() >= give_up_at:
                        raise
                await asyncio.sleep(_RETRY_SECONDS)

    def _tell_of_alarm(self, reason: str | None) -> None:
        if self._hears_alarm is not None:
            self._hears_alarm(reason and f"{self._where}: {alarm(reason)}")

    async def _open_publisher(self) -> Publisher:
        async with self._opening:
            if self._publisher is not None and self._publisher.failure is None:
                return self._publisher
            failed, self._publisher = self._publisher, None
            if failed is not None:
                self._wasted = 0 if failed.proven else self._wasted + 1
            link = await self._publishing.link()
            channel = await link.channel(confirms=True)
            timeout = min(_FIRST_CONFIRM_SECONDS * 2**self._wasted, CONFIRM_TIMEOUT_SECONDS)
            self._publisher = Publisher(
                link,
                channel.number,
                self._names.exchange,
                timeout,
                waits_out_alarms=self._hears_alarm is not None,
            )
            return self._publisher


class _Connector:
    """Keeps one connection open for whoever asks, and opens another when it is lost."""

    def __init__(
        self, url: str, name: str, hears_alarm: Callable[[str | None], None] = unheard
    ) -> None:
        self._url = url
        self._name = name
        self._hears_alarm = hears_alarm
        self._link: Link | None = None
        self._opening = asyncio.Lock()
        self._pauses: Iterator[float] | None = None

    async def link(self) -> Link:
        """Return the open connection, or a new one.

        Raises:
            Unavailable: there is none to be had now. The next call pauses before it tries again, so
                that a caller without patience does no harm to a broker that is coming up.
            Misconfigured: only a person can mend it.
        """
        async with self._opening:
            if self._link is None or self._link.lost:
                self._link = await self._open()
            return self._link

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(Unavailable):
                await link.close()

    async def _open(self) -> Link:
        if self._pauses is not None:
            await asyncio.sleep(next(self._pauses))
        self._pauses = self._pauses or delays(_LONGEST_PAUSE_SECONDS)
        link = await Link.open(self._url, self._name, self._hears_alarm)
        self._pauses = None
        return link
