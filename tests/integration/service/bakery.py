"""A service for real processes: notes each effect in Redis, and can kill its own process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel
from redis.asyncio import Redis

from orchestrator.core.event import Delivery
from orchestrator.service import Context, Service
from orchestrator.service.flight import Flight
from orchestrator.service.session import Session

LEDGER = "ledger"
"""Hash: idempotency key -> how often the effect was had."""
PULSE = "pulse"
"""List: an entry for each effect, for who waits for one."""


class Bake(BaseModel):
    """Command."""

    cake: str


class Baked(BaseModel):
    """Event."""

    cake: str


@asynccontextmanager
async def open_ledger() -> AsyncIterator[Redis]:
    """Open the ledger of effects."""
    redis = Redis.from_url(os.environ["ORCHESTRATOR_REDIS_URL"])
    yield redis
    await redis.aclose()


service = Service("bakery", channels=["bakery.v1"], resources=open_ledger)


@service.on("Bake")
async def bake(command: Bake, context: Context[Redis]) -> Baked:
    """Have an effect, and answer; ``poison`` kills the process, ``cold`` fails the first time."""
    if command.cake == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if command.cake == "cold" and context.attempt == 1:
        raise OSError("the oven is cold")
    namespace = os.environ["ORCHESTRATOR_NAMESPACE"]
    await context.resources.hincrby(f"{namespace}:{LEDGER}", context.idempotency_key, 1)
    await context.resources.rpush(f"{namespace}:{PULSE}", 1)
    await asyncio.sleep(0.01)
    return Baked(cake=command.cake)


class AcknowledgesOnArrival(Session[Redis]):
    """Wrong: what is acknowledged before it is done is lost by a kill."""

    async def _receive(self, stop: asyncio.Event) -> Sequence[Delivery]:
        deliveries = await super()._receive(stop)
        if deliveries:
            await self._subscription.acknowledge(deliveries[-1])
        return deliveries

    def _launch(self, delivery: Delivery) -> Flight:
        flight = super()._launch(delivery)
        self._window.finish(delivery)
        self._window.advance()
        return flight


if "BAKERY_IS_WRONG" in os.environ:
    from orchestrator.service import runtime

    # The negative control.
    runtime.Session = AcknowledgesOnArrival  # type: ignore[assignment, attr-defined]
