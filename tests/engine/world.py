"""A small world for engine tests: services in memory that can be cut off, engines on them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.progress import MemoryProgress
from orchestrator.engine.backlog import Backlog
from orchestrator.engine.engine import Engine
from orchestrator.engine.patience import Patience
from orchestrator.engine.spine import Spine
from orchestrator.engine.timekeeper import Timekeeper
from orchestrator.engine.witness import Witness
from tests.engine.definitions import rulebook
from tests.engine.interference import Meddled, MeddledBroker
from tests.engine.ledger import Ledger
from tests.engine.messages import CHANNEL, QUEUE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.event import Message
    from orchestrator.ports import Store
    from tests.engine.interference import Interference

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class StillClock:
    """A clock that does not move by itself."""

    moment = NOW

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


class World:
    """A broker and a store that outlive the engines run on them."""

    def __init__(self, store: Store, *definitions: Any) -> None:
        self.broker = MemoryBroker([QUEUE, f"{QUEUE}.dlq"])
        self.store = store
        self.clock = StillClock()
        self.progress = MemoryProgress(self.clock)
        self.rulebook = rulebook(*definitions)
        self.unmatched: Any = None

    async def publish(self, *messages: Message) -> None:
        """Publish events, or bring dead letters back; neither is part of `sent`."""
        await self.broker.bind(QUEUE, [CHANNEL])
        await self.broker.publish(messages)

    @property
    def sent(self) -> list[Message]:
        """What engines published, dead letters left out, in order."""
        return [
            message
            for message in self.broker.published
            if message.exchange is None and message.routing_key != CHANNEL
        ]

    @property
    def dead_letters(self) -> list[Message]:
        """What engines gave up."""
        return [m for m in self.broker.published if m.routing_key == f"{QUEUE}.dlq"]

    def engine(
        self,
        *,
        batch_size: int = 2,
        between: Interference | None = None,
        spine: type[Spine] = Spine,
        engine: type[Engine] = Engine,
        witness: type[Witness] = Witness,
    ) -> tuple[Engine, Ledger]:
        """Return an engine that stops once the queue as it is now is worked off."""
        broker: Any = MeddledBroker(self.broker, between) if between else self.broker
        store: Any = Meddled(self.store, between) if between else self.store
        unmatched = self.unmatched
        if unmatched is not None and between:
            unmatched = Meddled(unmatched, between)
        ledger = Ledger(enough=self.broker.depth(QUEUE))
        patience = Patience(ledger)
        progress: Any = Meddled(self.progress, between) if between else self.progress
        watching = witness(
            Backlog(), progress, broker, clock=self.clock, patience=patience, queue=QUEUE
        )
        ledger.engine = engine(
            broker,
            spine(
                broker,
                store,
                self.clock,
                patience,
                queue=QUEUE,
                source="orchestrator",
                max_body_bytes=1024 * 1024,
                ledger=unmatched,
            ),
            patience,
            ledger,
            witness=watching,
            rulebook=self.rulebook,
            queue=QUEUE,
            prefetch=1000,
            batch_size=batch_size,
        )
        return ledger.engine, ledger

    def timekeeper(self, between: Interference | None = None) -> tuple[Timekeeper, Engine, Ledger]:
        """Return a timekeeper beside an engine that is not started."""
        engine, ledger = self.engine(between=between)
        return self.beside(engine, ledger), engine, ledger

    def beside(self, engine: Engine, ledger: Ledger) -> Timekeeper:
        """Return a timekeeper beside an engine."""
        return Timekeeper(
            engine,
            engine._spine,  # noqa: SLF001 - what the composition root would pass
            engine._spine._store,  # noqa: SLF001
            clock=self.clock,
            patience=engine._patience,  # noqa: SLF001
            observer=ledger,
        )

    async def fire(self, between: Interference | None = None) -> int:
        """Fire what is due, as an engine would that has seen the queue empty just now."""
        timekeeper, engine, _ = self.timekeeper(between)
        prove(engine, self.clock.now())
        return await timekeeper.fire_due()

    async def run(self, **options: Any) -> Ledger:
        """Run an engine until the queue as it is now is worked off."""
        engine, ledger = self.engine(**options)
        if ledger.enough:
            await engine.run()
        return ledger

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[tuple[Engine, Ledger]]:
        """Run an engine for the time of the block, whatever comes."""
        engine, ledger = self.engine(**options)
        ledger.enough = 10**9
        task = asyncio.create_task(engine.run())
        try:
            yield engine, ledger
        finally:
            engine.stop()
            async with asyncio.timeout(5):
                await task


def prove(engine: Engine, moment: datetime) -> None:
    """Let a replica take it for proven that what arrived before `moment` is decided."""
    engine.witness.backlog.proven(moment)
