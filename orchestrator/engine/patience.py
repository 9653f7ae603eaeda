"""Waiting for services that are away, interruptible. Knows no service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from orchestrator.backoff import delays
from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from orchestrator.engine.report import Observer

T = TypeVar("T")

LONGEST_SECONDS = 15.0


class Patience:
    """Repeats what failed because a service is away, until it works or the process stops.

    Args:
        observer: hears of every wait and of the recovery.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._stopping = asyncio.Event()
        self._bells: list[asyncio.Event] = []

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Wait for nothing any more: what fails from now on fails at once."""
        self._stopping.set()
        for bell in self._bells:
            bell.set()

    def bell(self) -> asyncio.Event:
        """Return an event for somebody who waits for something, and is not to wait past `stop`."""
        bell = asyncio.Event()
        self._bells.append(bell)
        return bell

    async def until_done(self, service: str, operation: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `operation`, repeating it for as long as `service` is away.

        What only a person can mend is waited for too: the process says so and goes on once it is
        mended, instead of dying with work in its hands.

        Raises:
            Unavailable, Misconfigured: the last failure, once the process stops.
        """
        return await self._repeat(service, operation, (Unavailable, Misconfigured))

    async def until_reachable(self, service: str, operation: Callable[[], Awaitable[T]]) -> T:
        """Do the same at start, when nothing is in hand yet: what a person must mend is raised.

        Raises:
            Misconfigured: at once.
            Unavailable: the last failure, once the process stops.
        """
        return await self._repeat(service, operation, (Unavailable,))

    async def _repeat(
        self,
        service: str,
        operation: Callable[[], Awaitable[T]],
        passing: tuple[type[OrchestratorError], ...],
    ) -> T:
        waits: Iterator[float] | None = None
        try:
            while True:
                try:
                    result = await operation()
                except passing as error:
                    if self.stopping:
                        raise
                    waits = waits or delays(LONGEST_SECONDS)
                    await self.pause(service, error, next(waits))
                else:
                    if waits is not None:
                        waits = None
                        self._observer.recovered(service)
                    return result
        finally:
            if waits is not None:
                self._observer.given_up(service)

    async def pause(self, service: str, error: Exception, seconds: float) -> None:
        """Say that `service` is away, and wait; returns early when the process stops."""
        self._observer.waiting(service, str(error), seconds)
        await self.idle(seconds)

    async def idle(self, seconds: float, bell: asyncio.Event | None = None) -> None:
        """Sleep, but not past `stop`, nor past the ring of a `bell`, which is silent again then."""
        try:
            async with asyncio.timeout(seconds):
                await (bell or self._stopping).wait()
        except TimeoutError:
            return
        if bell is not None and not self.stopping:
            bell.clear()
