"""Serves an application in the running loop, on a socket of our own. Knows no route."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn

from orchestrator.errors import Misconfigured
from orchestrator.http.doorkeeper import Doorkeeper
from orchestrator.telemetry import log_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from fastapi import FastAPI

_BACKLOG = 128
_GRACE_SECONDS = 2


@asynccontextmanager
async def serving(app: FastAPI, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` in the running loop for as long as the context is open.

    Args:
        app: what to serve.
        host: the address to listen on.
        port: the port; 0 picks a free one.

    Yields:
        The port it listens on.

    Raises:
        Misconfigured: the address cannot be had.
    """
    with _listening(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                http=Doorkeeper,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        task = asyncio.create_task(server.serve([listener]), name="http")
        chosen: int = listener.getsockname()[1]
        structlog.get_logger().info(log_events.HTTP_LISTENING, host=host, port=chosen)
        try:
            yield chosen
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket, None, None]:
    """Open the listening socket ourselves: uvicorn would end the process where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                f"cannot listen on {host}:{port} ({error.strerror or error}): stop what uses it,"
                " or set ORCHESTRATOR_HTTP_PORT to another port (0 picks a free one)"
            ) from error
        listener.listen(_BACKLOG)
        yield listener
