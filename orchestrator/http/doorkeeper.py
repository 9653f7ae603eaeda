"""Ends connections whose request does not come, or that are too many. Knows no route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

MOST_CONNECTIONS: Final = 400
"""Open at once. The process needs files for the broker, the store and the rules as well, and often
may have no more than 1,024."""

REQUEST_SECONDS: Final = 20.0
"""How long a request may take to arrive."""


class Doorkeeper(H11Protocol):
    """One connection. Who opens many and says nothing must not keep everybody else out."""

    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as the library has it
        """Take a connection, and wait for its first request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait on where a request is not complete."""
        super().data_received(data)
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._overdue is None:
            self._overdue = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
