"""The composition root of consumer services: gives them their adapters."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.redis import RedisStore
from orchestrator.adapters.redis.inbox import RedisInbox
from orchestrator.adapters.redis.register import RedisRegister
from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.clock import SystemClock
from orchestrator.errors import InvalidDefinitions, Misconfigured, Unavailable
from orchestrator.http import create_app, serving
from orchestrator.service.instance import Instance
from orchestrator.service.patience import Patience
from orchestrator.service.registry import AnyService, find
from orchestrator.service.runtime import Runtime
from orchestrator.service.surroundings import Limits, Surroundings
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.service_observer import ServiceTelemetry
from orchestrator.topology import (
    Names,
    instance_name,
    instance_topology,
    instances_topology,
    service_topology,
    topology,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.catalog import Catalog
    from orchestrator.settings import Settings


async def run(names: Sequence[str], settings: Settings) -> None:
    """Run services until SIGTERM or SIGINT, then finish what is in hand.

    Args:
        names: of installed services, or ``module:attribute``.
        settings: how they are set up.

    Raises:
        InvalidDefinitions: the schemas have errors.
        Misconfigured: a service, the broker, Redis or the HTTP port is not as it must be.
    """
    services = [find(name).prefixed(settings.service_prefix) for name in names]
    _refuse_twins(services)
    runner = Runner(settings, services)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runner.stop)
    await runner.run()


def _refuse_twins(services: Sequence[AnyService]) -> None:
    for name, times in Counter(service.name for service in services).items():
        if times > 1:
            raise Misconfigured(
                f"service {name} is given {times} times: name it once; more of its kind run as"
                " processes of their own"
            )


class Runner:
    """Consumer services on RabbitMQ and Redis, with an HTTP port."""

    def __init__(self, settings: Settings, services: Sequence[AnyService]) -> None:
        """Read the schemas; connect to nothing yet.

        Raises:
            InvalidDefinitions: the schemas have errors.
        """
        self._settings = settings
        self._services = services
        self._catalog = _read_catalog(settings)
        self._metrics = Metrics()
        self._health = Health("broker", "store")
        self._telemetry = ServiceTelemetry(
            self._metrics, self._health, lambda name: name in self._catalog.types
        )
        names = ", ".join(service.name for service in services)
        self._broker = RabbitBroker(
            settings.amqp_url.get_secret_value(),
            Names.of(settings),
            client=names,
            hears_alarm=self._telemetry.alarmed,
        )
        self._inbox = RedisInbox(
            settings.redis_url.get_secret_value(),
            namespace=settings.namespace,
            dedupe=timedelta(hours=settings.dedupe_hours),
        )
        self._register = RedisRegister(
            settings.redis_url.get_secret_value(), namespace=settings.namespace
        )
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in hand is finished, or given back."""
        self._stopped.set()

    async def run(self) -> None:
        """Declare the services' queues, then consume until `stop`."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._inbox.close)
            stack.push_async_callback(self._register.close)
            stack.push_async_callback(self._broker.close)
            app = create_app(self._health, self._metrics)
            await stack.enter_async_context(serving(app, settings.http_host, settings.http_port))
            await self._prepare("store", self._verify_store)
            await self._prepare("broker", self._declare)
            await self._consume()

    async def _consume(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for service in self._services:
                    runtime = Runtime(service, self._surroundings(service))
                    tasks.create_task(runtime.run(self._stopped), name=service.name)
        except ExceptionGroup as failures:
            # One service that cannot go on ends the process: its supervisor must see that.
            raise failures.exceptions[0] from failures

    async def _prepare(self, part: str, check: Callable[[], Awaitable[None]]) -> None:
        patience = Patience(part, self._telemetry, asyncio.sleep, passing=(Unavailable,))
        await patience.insist(check, give_up=self._stopped.is_set)
        self._health.ready(part)

    async def _verify_store(self) -> None:
        """Refuse a Redis that would forget which messages were handled."""
        settings = self._settings
        store = RedisStore(
            settings.redis_url.get_secret_value(),
            namespace=settings.namespace,
            shards=settings.shards,
            allow_weak=settings.redis_allow_weak,
        )
        try:
            self._health.warn("store", await store.verify())
        finally:
            await store.close()

    async def _declare(self) -> None:
        """Declare the shared topology and the services' queues: each service can start first."""
        settings = self._settings
        async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
            await administration.prepare(topology(settings))
            for service in self._services:
                await administration.prepare(
                    service_topology(settings, service.name, service.channels)
                )
                if service.capabilities:
                    await administration.prepare(instances_topology(settings, service.name))

    def _surroundings(self, service: AnyService) -> Surroundings:
        settings = self._settings
        return Surroundings(
            broker=self._broker,
            inbox=self._inbox,
            directory=self._catalog,
            clock=SystemClock(),
            observer=self._telemetry,
            limits=Limits(
                retry_prefix=settings.retry_prefix,
                max_body_bytes=settings.max_body_bytes,
                drain_seconds=settings.drain_seconds,
            ),
            instance=self._instance(service) if service.capabilities else None,
        )

    def _instance(self, service: AnyService) -> Instance:
        """Return a new name for this process of `service`, and how it comes and goes."""
        name = instance_name(service.name, secrets.token_hex(4))
        parts = instance_topology(service.name, name)
        url = self._settings.amqp_url.get_secret_value()

        async def declare() -> None:
            async with Administration.connect(url) as administration:
                await administration.prepare(parts)

        async def withdraw() -> None:
            async with Administration.connect(url) as administration:
                await administration.unbind(parts)

        host = f"{socket.gethostname()}:{os.getpid()}"
        return Instance(name, host, self._register, declare, withdraw)


def _read_catalog(settings: Settings) -> Catalog:
    catalog, problems = read_catalog(read_schema_files(settings.schemas))
    if catalog is None:
        raise InvalidDefinitions(problems)
    return catalog
