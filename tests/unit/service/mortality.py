"""Ports of a process that dies at a chosen outside call, and does nothing more once it is dead."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.ports import Broker, Subscription
    from orchestrator.service.inbox import Inbox

T = TypeVar("T")


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

    async def call(self, name: str, operation: Callable[[], Awaitable[T]]) -> T:
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


class Mortal:
    """A port used by a process that may die before or after each of its calls."""

    def __init__(self, port: Broker | Inbox | Subscription, life: Life) -> None:
        self._port = port
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._port, name)
        return lambda *arguments: self._life.call(name, lambda: method(*arguments))


class MortalInbox(Mortal):
    """An inbox used by a process that may die."""


class MortalBroker(Mortal):
    """A broker used by a process that may die; when it does, what it held comes again."""

    def __init__(self, broker: Broker, life: Life) -> None:
        super().__init__(broker, life)
        self._broker = broker

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[MortalSubscription]:
        """Open a subscription."""
        async with self._broker.subscribe(queue, prefetch) as subscription:
            yield MortalSubscription(subscription, self._life)


class MortalSubscription(Mortal):
    """A subscription of a process that may die, though not in a call that changes nothing."""

    def __init__(self, subscription: Subscription, life: Life) -> None:
        super().__init__(subscription, life)
        self._subscription = subscription

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Receive."""
        return await self._subscription.receive(limit)

    def waiting(self) -> int:
        return self._subscription.waiting()
