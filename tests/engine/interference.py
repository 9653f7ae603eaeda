"""Ports that somebody meddles with: calls that are held, that fail, or that kill the process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from orchestrator.ports import Broker


class Interference(Protocol):
    """Stands between the engine and what is outside."""

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the `call` of the port's method `name`, sooner or later or not at all."""


class Meddled:
    """A store or a subscription whose calls go through an interference."""

    def __init__(self, port: Any, between: Interference) -> None:
        self._port = port
        self._between = between

    def waiting(self) -> int:
        return self._port.waiting()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *arguments: self._between(name, lambda: method(*arguments))


class MeddledBroker(Meddled):
    """A broker whose calls, and those of its subscriptions, go through an interference."""

    def __init__(self, broker: Broker, between: Interference) -> None:
        super().__init__(broker, between)
        self._broker = broker

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[Meddled]:
        async with self._broker.subscribe(queue, prefetch) as subscription:
            yield Meddled(subscription, self._between)


class CrashedError(BaseException):
    """The process died here."""


class Fuse:
    """Lets a number of outside calls through, then kills the process before or after the next."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self.calls = calls
        self.blown = False
        self._after = after

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the call, unless the process is dead or dies now."""
        del name
        if self.blown or (self.calls == 0 and not self._after):
            self.blown = True
            raise CrashedError
        result = await call()
        if self.calls == 0:
            self.blown = True
            raise CrashedError
        self.calls -= 1
        return result


@contextmanager
def survived() -> Iterator[None]:
    """Go on after a crash."""
    try:
        yield
    except* CrashedError:
        pass


class Gate:
    """Holds the calls of one method until it is opened; the others pass.

    Attributes:
        reached: how many calls have come to it.
    """

    def __init__(self, name: str) -> None:
        self.reached = 0
        self._name = name
        self._opened = asyncio.Event()
        self._arrival = asyncio.Condition()

    def open(self) -> None:
        """Let everybody through from now on."""
        self._opened.set()

    async def reached_by(self, calls: int) -> None:
        """Return once that many calls have come."""
        async with self._arrival, asyncio.timeout(5):
            await self._arrival.wait_for(lambda: self.reached >= calls)

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the call, once it may pass."""
        if name == self._name:
            self.reached += 1
            async with self._arrival:
                self._arrival.notify_all()
            await self._opened.wait()
        return await call()


class Outage:
    """Fails the first calls of one method; later ones, and those of the others, work.

    Attributes:
        failures: how many calls are still to fail.
    """

    def __init__(
        self, name: str, failures: int = 1, error: Exception | None = None, *, late: bool = False
    ) -> None:
        self.failures = failures
        self._name = name
        self._error = error or Unavailable("gone")
        self._late = late

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Fail; `late` only after the call was made, as when an answer is lost."""
        if name != self._name or not self.failures:
            return await call()
        self.failures -= 1
        if self._late:
            await call()
        raise self._error
