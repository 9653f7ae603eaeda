"""Engines with their timekeepers on one real queue and one real store, as the daemon has them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.redis import RedisStore
from orchestrator.adapters.redis.progress import RedisProgress
from orchestrator.engine.backlog import Backlog
from orchestrator.engine.engine import Engine
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.engine.timekeeper import Timekeeper
from orchestrator.engine.witness import Witness
from tests.engine.definitions import Reminder, rulebook
from tests.engine.interference import Meddled
from tests.engine.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.ports import Clock
    from tests.engine.interference import Interference
    from tests.integration.rabbit.site import Site


@dataclass
class Replica:
    """One of them.

    Attributes:
        ledger: what it did.
    """

    engine: Engine
    keeper: Timekeeper
    store: RedisStore
    progress: RedisProgress
    ledger: Ledger


@dataclass
class Installation:
    """What replicas share.

    Attributes:
        witness: how they prove what is decided.
    """

    site: Site
    redis_url: str
    clock: Clock
    witness: type[Witness] = Witness

    @asynccontextmanager
    async def replica(
        self, between: Interference | None = None, *, prefetch: int = 1000
    ) -> AsyncIterator[Replica]:
        """Run one, whose store somebody may meddle with, for the time of the block."""
        async with AsyncExitStack() as stack:
            made = await self._compose(stack, between, prefetch)
            tasks = [
                asyncio.create_task(work) for work in (made.engine.run(), made.engine.witness.run())
            ]
            try:
                yield made
            finally:
                made.engine.stop()
                await asyncio.gather(*tasks)

    async def _compose(
        self, stack: AsyncExitStack, between: Interference | None, prefetch: int
    ) -> Replica:
        site, ledger = self.site, Ledger()
        queue, namespace = site.settings.queue, site.settings.queue
        broker = await stack.enter_async_context(RabbitBroker(site.url, site.names))
        store = RedisStore(self.redis_url, namespace=namespace, shards=2, allow_weak=True)
        progress = RedisProgress(self.redis_url, namespace=namespace, queue=queue)
        stack.push_async_callback(store.close)
        stack.push_async_callback(progress.close)
        await store.verify()
        used: Any = Meddled(store, between) if between else store
        patience = Patience(ledger)
        watching = self.witness(
            Backlog(), progress, broker, clock=self.clock, patience=patience, queue=queue
        )
        spine = Spine(
            broker, used, self.clock, patience, queue=queue, source="o", max_body_bytes=10**6
        )
        ledger.engine = engine = Engine(
            broker,
            spine,
            patience,
            ledger,
            witness=watching,
            rulebook=rulebook(Reminder()),
            queue=queue,
            prefetch=prefetch,
            batch_size=256,
        )
        keeper = Timekeeper(
            engine, spine, store, clock=self.clock, patience=patience, observer=ledger
        )
        return Replica(engine, keeper, store, progress, ledger)
