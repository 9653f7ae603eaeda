"""Ports of a process that dies at a chosen outside call, and does nothing more once it is dead."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from orchestrator.ports import Broker, Subscription
    from orchestrator.service.inbox import Inbox


class Killed(BaseException):
    """The process is killed at this point."""


class Life:
    """One process's life: ends before or after its n-th outside call.

    Attributes:
        calls: the names of the outside calls made, in order.
    """

    def __init__(self, ends_at: int | None = None) -> None:
        """End at point `ends_at`, counting from 0 before and after each call; None for never."""
        self.calls: list[str] = []
        self._points = 0
        self._ends_at = ends_at
        self._ended = False

    async def call(self, name: str, operation: Callable[[], Awaitable[Any]]) -> Any:
        """Do `operation`, unless the process dies before or after it."""
        await self._pass_point()
        self.calls.append(name)
        result = await operation()
        await self._pass_point()
        return result

    def end(self) -> None:
        """Die here."""
        self._ended = True
        raise Killed

    async def _pass_point(self) -> None:
        if self._ended:
            # What is cleaned up in this process after the crash must reach nobody outside.
            await asyncio.Event().wait()
        point, self._points = self._points, self._points + 1
        if point == self._ends_at:
            self.end()


class MortalInbox:
    """An inbox used by a process that may die."""

    def __init__(self, inbox: Inbox, life: Life) -> None:
        self._inbox = inbox
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._inbox, name)
        return lambda *arguments: self._life.call(name, lambda: method(*arguments))


class MortalBroker:
    """A broker used by a process that may die; when it does, what it held comes again."""

    def __init__(self, broker: Broker, life: Life) -> None:
        self._broker = broker
        self._life = life

    async def publish(self, messages: Any) -> None:
        """Publish, or die before or after."""
        await self._life.call("publish", lambda: self._broker.publish(messages))

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[MortalSubscription]:
        """Open a subscription."""
        async with self._broker.subscribe(queue, prefetch) as subscription:
            yield MortalSubscription(subscription, self._life)


class MortalSubscription:
    """A subscription of a process that may die."""

    def __init__(self, subscription: Subscription, life: Life) -> None:
        self._subscription = subscription
        self._life = life

    async def receive(self, limit: int) -> Any:
        """Receive."""
        return await self._subscription.receive(limit)

    async def acknowledge(self, delivery: Any) -> None:
        """Acknowledge, or die before or after."""
        await self._life.call("acknowledge", lambda: self._subscription.acknowledge(delivery))
