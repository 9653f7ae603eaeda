"""The composition root of the daemon: the one place that names the engine's concrete adapters."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.rabbit.administration import Administration, refuse
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.redis import RedisStore
from orchestrator.adapters.redis.ledger import RedisLedger
from orchestrator.adapters.redis.progress import RedisProgress
from orchestrator.adapters.redis.register import RedisRegister
from orchestrator.catalog import built_in_types
from orchestrator.clock import SystemClock
from orchestrator.engine.archive import Archive
from orchestrator.engine.arming import Arming
from orchestrator.engine.backlog import Backlog
from orchestrator.engine.engine import Engine
from orchestrator.engine.patience import Patience
from orchestrator.engine.reload import Reloader
from orchestrator.engine.roster import Roster
from orchestrator.engine.spine import Spine
from orchestrator.engine.sweeper import Sweeper
from orchestrator.engine.timekeeper import Timekeeper
from orchestrator.engine.witness import Witness
from orchestrator.errors import Unavailable
from orchestrator.folders import Folders
from orchestrator.http import create_app, serving
from orchestrator.http.access import Access
from orchestrator.http.workflows import workflow_routes
from orchestrator.operation.desk import Desk
from orchestrator.settings import read_api_keys
from orchestrator.telemetry.engine_observer import EngineTelemetry
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from orchestrator.topology import Names, topology

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fastapi import APIRouter

    from orchestrator.core.definitions import Rulebook
    from orchestrator.settings import Settings


async def run(settings: Settings) -> None:
    """Run one orchestrator until SIGTERM or SIGINT, then finish what is in hand.

    Raises:
        InvalidDefinitions: the rules or schemas have errors at start.
        Misconfigured: broker, store or HTTP port are not as they must be at start.
    """
    folders = Folders(settings.rules, settings.schemas)
    rulebook = await asyncio.to_thread(folders.build)
    daemon = Daemon(settings, rulebook, folders)
    # What is there now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
    await daemon.run()


class Daemon:
    """Engine, sweeper and reloader on RabbitMQ and Redis, with an HTTP port.

    Args:
        settings: how it is set up.
        rulebook: what it reacts with until the first reload.
        folders: what it reloads from, and `rulebook` was built from.
    """

    def __init__(self, settings: Settings, rulebook: Rulebook, folders: Folders) -> None:
        self._settings = settings
        self._folders = folders
        self._metrics = Metrics()
        self._health = Health("broker", "store", "rulebook")
        self._telemetry = EngineTelemetry(self._metrics, self._health, self._knows)
        self._patience = Patience(self._telemetry)
        self._broker = RabbitBroker(
            settings.amqp_url.get_secret_value(),
            Names.of(settings),
            hears_alarm=self._telemetry.alarmed,
        )
        self._store = RedisStore(
            settings.redis_url.get_secret_value(),
            namespace=settings.namespace,
            shards=settings.shards,
            dedupe=timedelta(hours=settings.dedupe_hours),
            retention=timedelta(hours=settings.retention_hours),
            retained=settings.retained,
            allow_weak=settings.redis_allow_weak,
        )
        self._ledger = RedisLedger(
            settings.redis_url.get_secret_value(),
            namespace=settings.namespace,
            size=settings.unmatched_max_length,
        )
        self._progress = RedisProgress(
            settings.redis_url.get_secret_value(),
            namespace=settings.namespace,
            queue=settings.queue,
        )
        self._register = RedisRegister(
            settings.redis_url.get_secret_value(), namespace=settings.namespace
        )
        self._roster = Roster(self._register, lambda: self._engine.rulebook, self._patience)
        self._witness = Witness(
            Backlog(),
            self._progress,
            self._broker,
            clock=SystemClock(),
            patience=self._patience,
            queue=settings.queue,
        )
        self._engine = self._compose_engine(rulebook)
        self._sweeper = Sweeper(
            self._broker,
            self._store,
            SystemClock(),
            self._patience,
            self._telemetry,
            period_seconds=settings.sweep_seconds,
            age_seconds=settings.outbox_age_seconds,
        )
        self._timekeeper = Timekeeper(
            self._engine,
            self._spine,
            self._store,
            clock=SystemClock(),
            patience=self._patience,
            observer=self._telemetry,
        )
        self._reloader = Reloader(
            self._engine,
            self._broker,
            self._patience,
            self._telemetry,
            arming=Arming(self._store, SystemClock(), self._patience),
            archive=Archive(
                self._store,
                SystemClock(),
                self._patience,
                retention=timedelta(hours=settings.retention_hours),
            ),
            queue=settings.queue,
            build=folders.build,
        )
        self._stopped = asyncio.Event()
        self._reload_wanted = asyncio.Event()

    def _compose_engine(self, rulebook: Rulebook) -> Engine:
        settings = self._settings
        self._spine = Spine(
            self._broker,
            self._store,
            SystemClock(),
            self._patience,
            queue=settings.queue,
            source=settings.source,
            max_body_bytes=settings.max_body_bytes,
            max_hops=settings.max_hops,
            ledger=self._ledger,
            roster=self._roster,
        )
        return Engine(
            self._broker,
            self._spine,
            self._patience,
            self._telemetry,
            witness=self._witness,
            rulebook=rulebook,
            queue=settings.queue,
            prefetch=settings.prefetch,
            batch_size=settings.batch_size,
        )

    def _knows(self, event_type: str) -> bool:
        return event_type in self._engine.rulebook.contracts

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in hand is finished, or given back."""
        self._engine.stop()
        self._stopped.set()

    def reload_soon(self) -> None:
        """Read rules and schemas again, without waiting for a file to change."""
        self._reload_wanted.set()

    async def run(self) -> None:
        """Check the services, then consume until `stop`."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._store.close)
            stack.push_async_callback(self._ledger.close)
            stack.push_async_callback(self._progress.close)
            stack.push_async_callback(self._register.close)
            stack.push_async_callback(self._broker.close)
            # From here on: what is changed while services are waited for must not go unseen.
            watching = asyncio.create_task(self._watch_files(), name="watcher")
            stack.callback(watching.cancel)
            app = create_app(self._health, self._metrics, self._workflow_routes())
            await stack.enter_async_context(serving(app, settings.http_host, settings.http_port))
            await self._check_services()
            await self._reloader.start()
            async with asyncio.TaskGroup() as tasks:
                for name, work in (
                    ("sweeper", self._sweeper.run()),
                    ("timekeeper", self._timekeeper.run()),
                    ("witness", self._witness.run()),
                    ("roster", self._roster.run()),
                    ("archivist", self._reloader.run(settings.sweep_seconds)),
                    ("reloader", self._reload_on_demand()),
                    ("engine", self._consume()),
                ):
                    tasks.create_task(self._until_drained(work), name=name)
                tasks.create_task(asyncio.wait_for(watching, timeout=None))

    def _workflow_routes(self) -> APIRouter:
        settings = self._settings
        desk = Desk(
            self._broker,
            self._store,
            self._store.inspection,
            SystemClock(),
            source=settings.source,
            messages=built_in_types(),
            rulebook=self._bound_rulebook,
            closing=self._stopped,
        )
        return workflow_routes(desk, Access(read_api_keys(settings.api_keys), settings.http_host))

    def _bound_rulebook(self) -> Rulebook:
        """Return what runs, once the queue is bound to it: an order before would reach nobody."""
        if self._health.readiness().rulebook is None:
            raise Unavailable("the daemon is starting: try again in a moment")
        return self._engine.rulebook

    async def _check_services(self) -> None:
        """Refuse to start on a store that loses data or a topology that differs."""
        weaknesses = await self._patience.until_reachable("store", self._store.verify)
        self._health.warn("store", weaknesses)
        self._health.ready("store")
        await self._patience.until_reachable("broker", self._check_topology)
        self._health.ready("broker")

    async def _check_topology(self) -> None:
        url = self._settings.amqp_url.get_secret_value()
        async with Administration.connect(url) as administration:
            refuse(await administration.check(topology(self._settings)))

    async def _consume(self) -> None:
        """Run the engine; whatever ends it, all else ends too."""
        try:
            await self._engine.run()
        finally:
            self.stop()

    async def _until_drained(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` until it ends; once stopped, give it the drain time and no more.

        A broker that is low on memory takes what is published, and confirms it when it pleases.
        What is cut off here stays unacknowledged, due or in the outbox: whoever runs then does it.
        """
        working = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((working,), timeout=self._settings.drain_seconds)
        finally:
            working.cancel()
            stopped.cancel()
            await asyncio.wait((working, stopped))
        if not working.cancelled():
            working.result()

    async def _watch_files(self) -> None:
        async for _ in self._folders.changes(self._stopped):
            self.reload_soon()

    async def _reload_on_demand(self) -> None:
        """Reload once for however many requests came in while the last reload ran."""
        while await self._next_reload():
            await self._reloader.reload()

    async def _next_reload(self) -> bool:
        """Wait for a request; False when the daemon stops instead."""
        waits = [asyncio.create_task(e.wait()) for e in (self._reload_wanted, self._stopped)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        self._reload_wanted.clear()
        return not self._stopped.is_set()
