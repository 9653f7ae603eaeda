"""The HTTP port of a process: whether it lives, is ready, and its metrics. Decides nothing."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn
from fastapi import FastAPI, Response

from orchestrator import __version__
from orchestrator.errors import Misconfigured
from orchestrator.telemetry import log_events
from orchestrator.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from orchestrator.telemetry.health import Health, Readiness
    from orchestrator.telemetry.metrics import Metrics

_BACKLOG = 128
_GRACE_SECONDS = 2
_UNREADY = 503


def create_app(health: Health, metrics: Metrics) -> FastAPI:
    """Return the application with ``/live``, ``/ready`` and ``/metrics``."""
    app = FastAPI(title="Orchestrator", version=__version__)

    @app.get("/live", summary="The process runs and its loop turns")
    async def live() -> dict[str, str]:
        return {"status": "live", "version": __version__}

    @app.get("/ready", summary="Ready for work; 503 names what is not")
    async def ready(response: Response) -> dict[str, object]:
        readiness = health.readiness()
        if not readiness.ready:
            response.status_code = _UNREADY
        return _answer(readiness)

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    return app


def _answer(readiness: Readiness) -> dict[str, object]:
    return {
        "ready": readiness.ready,
        "not_ready": dict(readiness.not_ready),
        "warnings": readiness.warnings,
        "rulebook": {"revision": readiness.rulebook, "refused": readiness.refused},
    }


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
