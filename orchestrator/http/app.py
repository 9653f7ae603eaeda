"""The application of a process: its probes, its metrics, and whatever else it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Response

from orchestrator import __version__
from orchestrator.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from fastapi import APIRouter

    from orchestrator.telemetry.health import Health, Readiness
    from orchestrator.telemetry.metrics import Metrics

_UNREADY = 503


def create_app(health: Health, metrics: Metrics, *routers: APIRouter) -> FastAPI:
    """Return the application with ``/live``, ``/ready`` and ``/metrics``.

    Args:
        health: whether the process is ready, and why not.
        metrics: what it counts.
        routers: whatever else it offers.
    """
    # The pages of docs_url and redoc_url load scripts of strangers, which would speak for whoever
    # looks at them.
    app = FastAPI(
        title="Orchestrator",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call it
    )

    @app.get("/live", summary="The process runs and its loop turns")
    async def live() -> dict[str, str]:
        return {"status": "live", "version": __version__}

    @app.get(
        "/ready",
        summary="Ready for work; 503 names what is not",
        responses={_UNREADY: {"description": "not ready; the body names what is not"}},
    )
    async def ready(response: Response) -> dict[str, object]:
        readiness = health.readiness()
        if not readiness.ready:
            response.status_code = _UNREADY
        return _answer(readiness)

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def read_metrics() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    for router in routers:
        app.include_router(router)
    return app


def _answer(readiness: Readiness) -> dict[str, object]:
    return {
        "ready": readiness.ready,
        "not_ready": dict(readiness.not_ready),
        "warnings": readiness.warnings,
        "rulebook": {"revision": readiness.rulebook, "refused": readiness.refused},
    }
