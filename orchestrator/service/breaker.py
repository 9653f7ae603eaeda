"""Pauses a service while what it depends on is down, and probes. Knows no message."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class Breaker:
    """Lets handlers run, until one says that its dependency is down.

    The rule: only ``Unavailable`` (so also ``DependencyDown``) opens it. Failures of any other kind
    never do, however many come in a row: messages that are bad by themselves must not stop those
    that are good. While it is open, one handler at a time runs after each pause, as a probe; the
    pause doubles with each probe that finds the dependency down, and any other result closes it.
    """

    def __init__(
        self,
        opened: Callable[[str, float], None],
        closed: Callable[[], None],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Start closed.

        Args:
            opened: hears the reason and the seconds until the next probe.
            closed: hears that a probe succeeded.
            sleep: waits for a number of seconds.
        """
        self._opened = opened
        self._closed = closed
        self._sleep = sleep
        self._pause_seconds = 0.0
        self._probing = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the service is paused."""
        return self._pause_seconds > 0

    @asynccontextmanager
    async def admission(self) -> AsyncIterator[None]:
        """Wait until a handler may run, and learn from what it raises inside.

        Raises:
            Unavailable: what the handler raised; it is to try again, which waits for the probe.
        """
        async with AsyncExitStack() as stack:
            is_probe = await self._wait_for_probe(stack)
            try:
                yield
            except Unavailable as error:
                self._trip(str(error), is_probe=is_probe)
                raise
            if is_probe:
                self._close()

    async def _wait_for_probe(self, stack: AsyncExitStack) -> bool:
        """Return at once when closed; else when it is this handler's turn to probe."""
        if not self.is_open:
            return False
        await stack.enter_async_context(self._probing)
        if self._pause_seconds == 0:
            await stack.aclose()
            return False
        await self._sleep(self._pause_seconds)
        return True

    def _trip(self, reason: str, *, is_probe: bool) -> None:
        if self.is_open and not is_probe:
            return  # it began before the pause, and says nothing new
        self._pause_seconds = min(
            self._pause_seconds * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
        )
        self._opened(reason, self._pause_seconds)

    def _close(self) -> None:
        self._pause_seconds = 0.0
        self._closed()
