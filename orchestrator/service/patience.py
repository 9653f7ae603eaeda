"""Tries until a service we depend on answers, and says so. Knows no service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from orchestrator.backoff import delays
from orchestrator.errors import Misconfigured, OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from orchestrator.service.report import Observer
    from orchestrator.service.surroundings import Sleep

T = TypeVar("T")

LONGEST_SECONDS: Final = 5.0


class Patience:
    """Waits for one service, longer after each failure."""

    def __init__(
        self,
        service: str,
        observer: Observer,
        sleep: Sleep,
        passing: tuple[type[OrchestratorError], ...] = (Unavailable, Misconfigured),
    ) -> None:
        """Wait for nothing yet.

        Args:
            service: whom to wait for: ``broker``, ``store`` or a consumer service.
            observer: hears of each wait and of the recovery.
            sleep: waits for a number of seconds.
            passing: what is waited for. By default also what only a person can mend: who holds
                finished work says so and goes on once it is mended, instead of dying with it.
        """
        self._service = service
        self._observer = observer
        self._sleep = sleep
        self._passing = passing
        self._waits: Iterator[float] | None = None

    async def insist(self, operation: Callable[[], Awaitable[T]], give_up: Callable[[], bool]) -> T:
        """Return what `operation` returns, trying again while its service is away.

        Raises:
            OrchestratorError: the last failure, once `give_up` says that nobody waits any more.
        """
        try:
            while True:
                try:
                    result = await operation()
                except self._passing as error:
                    if give_up():
                        raise
                    await self._sleep(self.failed(error))
                else:
                    self.succeeded()
                    return result
        finally:
            self._leave()

    def failed(self, error: OrchestratorError) -> float:
        """Note a failure, and return how many seconds to wait."""
        self._waits = self._waits or delays(LONGEST_SECONDS)
        seconds = next(self._waits)
        self._observer.waiting(self._service, str(error), seconds)
        return seconds

    def succeeded(self) -> None:
        """Note that the service answers."""
        if self._waits is not None:
            self._waits = None
            self._observer.recovered(self._service)

    def _leave(self) -> None:
        """Note that nobody waits any more, should the last try have failed."""
        if self._waits is not None:
            self._waits = None
            self._observer.given_up(self._service)


async def idle(seconds: float, sleep: Sleep, stop: asyncio.Event) -> None:
    """Sleep, but not past `stop`.

    Args:
        seconds: how long.
        sleep: waits for a number of seconds.
        stop: ends it at once.
    """
    sleeping = asyncio.ensure_future(sleep(seconds))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        stopping.cancel()
