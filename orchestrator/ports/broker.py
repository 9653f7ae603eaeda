"""The message broker and the clock, as processes of ours need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from orchestrator.core.event import Delivery, Message


class Clock(Protocol):
    """The time, so that tests can hold it still."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""


class Subscription(Protocol):
    """An open consumption of one queue. Ends with the connection it was opened on."""

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait for at least one delivery and return all that have arrived, up to `limit`.

        Of large ones it may be fewer: somebody has to answer heartbeats between two batches.
        Deliveries come in the queue's order, each once per subscription.

        Raises:
            Unavailable: the connection is lost; everything unacknowledged will be redelivered.
        """

    async def acknowledge(self, delivery: Delivery) -> None:
        """Settle `delivery` and everything received before it. Does not wait for the broker.

        Raises:
            Unavailable: the connection is lost; the deliveries will come again.
        """

    def waiting(self) -> int:
        """Return how many deliveries have arrived and were not yet received."""

    async def catch_up(self) -> None:
        """Return once everything that was handed out to us before the call has arrived.

        Raises:
            Unavailable: the connection is lost.
        """


class Broker(Protocol):
    """The message broker, as far as a consuming process needs it."""

    def subscribe(self, queue: str, prefetch: int) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription on `queue`; leaving hands back what was not acknowledged.

        Args:
            queue: an existing queue.
            prefetch: how many unacknowledged deliveries the broker may hand out.

        Raises:
            Unavailable: the broker cannot be reached.
            Misconfigured: the queue is missing, or may not be read.
        """

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send `messages` in order as one write, and return once the broker confirmed all of them.

        Raises:
            Unavailable: at least one is not confirmed. It may have been delivered all the same:
                publish all of them again, with the same ids.
        """

    async def backlog(self, queue: str) -> int:
        """Return how many messages wait in `queue`, those handed out not counted."""

    async def consumers(self, queue: str) -> int:
        """Return how many subscriptions `queue` has, ours and everybody's.

        Of one that ended, what it had not acknowledged is ready again, before all else.
        """

    async def bind(self, queue: str, channels: Collection[str]) -> None:
        """Make `queue` receive what is published under `channels` from now on. Idempotent."""

    async def unbind(self, queue: str, channels: Collection[str]) -> None:
        """Stop `queue` from receiving `channels`. Idempotent; what it holds stays."""
