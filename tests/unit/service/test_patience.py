"""How a service waits for what it needs, and what it says of that."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import Unavailable
from orchestrator.service.patience import Patience
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.service_observer import ServiceTelemetry


async def away() -> None:
    raise Unavailable("Redis is away")


@pytest.mark.parametrize("ends", ["cancelled", "given up"])
async def test_who_is_stopped_while_waiting_waits_no_more(ends: str) -> None:
    """A session that lost its connection may end before Redis is back.

    The next one finds Redis well, and says nothing: the process would be unready for ever.
    """
    health, asked, stopped = Health(), asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asked.set()
        await stopped.wait()

    patience = Patience("store", ServiceTelemetry(Metrics(), health, bool), sleep)
    waiting = asyncio.create_task(patience.insist(away, give_up=stopped.is_set))
    await asked.wait()
    assert health.readiness().not_ready == {"store": "Redis is away"}

    if ends == "cancelled":
        waiting.cancel()
    stopped.set()
    await asyncio.wait([waiting])

    assert health.readiness().ready
