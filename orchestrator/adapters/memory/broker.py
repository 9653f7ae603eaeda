"""The broker in memory: the contract without a server, for tests. Loses all when it is dropped."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from orchestrator.adapters.memory.topic import topic_matches
from orchestrator.core.event import Delivery
from orchestrator.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from orchestrator.core.event import Message


class MemoryBroker:
    """``ports.Broker`` in dictionaries.

    Args:
        queues: the queues that exist. Direct publishes to others are refused.
        exchange: the name deliveries give as their exchange.

    Attributes:
        published: every message, in the order it was confirmed.
        unrouted: messages that no binding wanted.
    """

    def __init__(self, queues: Collection[str], exchange: str = "hms") -> None:
        self.published: list[Message] = []
        self.unrouted: list[Message] = []
        self._exchange = exchange
        self._queues: dict[str, deque[Delivery]] = {name: deque() for name in queues}
        self._bindings: dict[str, set[str]] = {}
        self._arrival = asyncio.Condition()
        self._tokens = count(1)
        self._open: Counter[str] = Counter()

    def depth(self, queue: str) -> int:
        """Return how many deliveries wait in `queue`, those in hand not counted."""
        return len(self._queues[queue])

    async def backlog(self, queue: str) -> int:
        """See ``ports.Broker.backlog``."""
        return len(self._existing(queue))

    async def consumers(self, queue: str) -> int:
        """See ``ports.Broker.consumers``."""
        self._existing(queue)
        return self._open[queue]

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[MemorySubscription]:
        """See ``ports.Broker.subscribe``."""
        subscription = MemorySubscription(self._existing(queue), self._arrival, prefetch)
        self._open[queue] += 1
        try:
            yield subscription
        finally:
            self._open[queue] -= 1
            await subscription.close()

    async def publish(self, messages: Sequence[Message]) -> None:
        """See ``ports.Broker.publish``. A retry arrives at once: there is nothing to wait for."""
        for message in messages:
            for queue in self._routes(message):
                queue.append(self._delivery(message))
            self.published.append(message)
        async with self._arrival:
            self._arrival.notify_all()

    async def bind(self, queue: str, channels: Collection[str]) -> None:
        """See ``ports.Broker.bind``."""
        self._existing(queue)
        for channel in channels:
            self._bindings.setdefault(channel, set()).add(queue)

    async def unbind(self, queue: str, channels: Collection[str]) -> None:
        """See ``ports.Broker.unbind``."""
        for channel in channels:
            self._bindings.get(channel, set()).discard(queue)

    def _routes(self, message: Message) -> list[deque[Delivery]]:
        if message.exchange is not None:
            if message.routing_key not in self._queues:
                raise Unavailable(_missing(message.routing_key))
            return [self._queues[message.routing_key]]
        bound = [
            queues
            for pattern, queues in self._bindings.items()
            if topic_matches(pattern, message.routing_key)
        ]
        names = sorted(set().union(*bound))
        if not names:
            self.unrouted.append(message)
        return [self._queues[name] for name in names]

    def _existing(self, queue: str) -> deque[Delivery]:
        if queue not in self._queues:
            raise Misconfigured(_missing(queue))
        return self._queues[queue]

    def _delivery(self, message: Message) -> Delivery:
        return Delivery(
            body=message.body,
            exchange=self._exchange if message.exchange is None else "",
            routing_key=message.routing_key,
            content_type=message.content_type,
            type=message.type,
            message_id=message.id,
            correlation_id=message.correlation_id,
            app_id=message.source,
            timestamp=message.time.replace(microsecond=0) if message.time else None,
            headers=message.headers,
            other=message.other,
            token=next(self._tokens),
        )


def _missing(queue: str) -> str:
    return f"there is no queue {queue}: run `orchestrator apply`"


class MemorySubscription:
    """``ports.Subscription`` on one queue of a `MemoryBroker`."""

    def __init__(self, queue: deque[Delivery], arrival: asyncio.Condition, prefetch: int) -> None:
        self._queue = queue
        self._arrival = arrival
        self._prefetch = prefetch
        self._held: deque[Delivery] = deque()
        self._closed = False

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """See ``ports.Subscription.receive``."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: self._closed or self.waiting())
        self._ensure_open()
        taken = [self._queue.popleft() for _ in range(min(limit, self.waiting()))]
        self._held.extend(taken)
        return taken

    async def acknowledge(self, delivery: Delivery) -> None:
        """See ``ports.Subscription.acknowledge``."""
        self._ensure_open()
        # What another subscription handed back is older than what was received before it.
        received = [held.token for held in self._held]
        if delivery.token in received:
            for _ in range(received.index(delivery.token) + 1):
                self._held.popleft()
        async with self._arrival:
            self._arrival.notify_all()

    def waiting(self) -> int:
        """See ``ports.Subscription.waiting``."""
        return min(len(self._queue), self._prefetch - len(self._held))

    async def catch_up(self) -> None:
        """See ``ports.Subscription.catch_up``. There is no way on which a delivery could be."""
        self._ensure_open()

    async def close(self) -> None:
        """Hand back what was not acknowledged, in its old order, marked as redelivered."""
        self._closed = True
        returned = [replace(delivery, redelivered=True) for delivery in self._held]
        self._queue.extendleft(reversed(returned))
        self._held.clear()
        async with self._arrival:
            self._arrival.notify_all()

    def _ensure_open(self) -> None:
        if self._closed:
            raise Unavailable("the subscription is closed")
