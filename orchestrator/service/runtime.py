"""Runs a service until it is told to stop, across lost connections. Knows ports, no adapter."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Generic

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.service.context import R
from orchestrator.service.executor import Executor
from orchestrator.service.patience import Patience
from orchestrator.service.replies import Replies
from orchestrator.service.session import Session
from orchestrator.service.work import Reader

if TYPE_CHECKING:
    from orchestrator.service.service import Service
    from orchestrator.service.surroundings import Surroundings


class Runtime(Generic[R]):
    """Runs one service.

    Guarantees, whatever is killed at whatever point: a message is acknowledged only after what it
    led to is confirmed; a reply always has the same ids; a handler whose success was written to
    the inbox does not run again. A crash between the handler's last effect and that write runs it
    again, which is what ``Context.idempotency_key`` is for.
    """

    def __init__(self, service: Service[R], surroundings: Surroundings) -> None:
        self._service = service
        self._surroundings = surroundings
        self._reader = Reader(
            service.name,
            service.handlers,
            surroundings.directory,
            surroundings.limits.max_body_bytes,
        )
        self._replies = Replies(service.name, surroundings.directory)
        self._broker_patience = Patience("broker", surroundings.observer, surroundings.sleep)
        self._has_consumed = False
        self._dependency_patience = Patience(
            service.name, surroundings.observer, surroundings.sleep, passing=(Unavailable,)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Consume the service's queue until `stop` is set and running handlers have finished.

        Raises:
            Misconfigured: at the start, the queue is missing, a reply's type is undocumented, or
                the like. Once it has consumed, it waits for that to be mended.
        """
        self._replies.verify(self._service.handlers.values())
        async with AsyncExitStack() as stack:
            resources = await self._dependency_patience.insist(
                lambda: stack.enter_async_context(self._service.open()), give_up=stop.is_set
            )
            executor = Executor(
                self._service, self._surroundings, self._reader, self._replies, resources
            )
            while not stop.is_set():
                await self._consume(executor, stop)

    async def _consume(self, executor: Executor[R], stop: asyncio.Event) -> None:
        """Subscribe and handle until the connection is lost, then wait a while."""
        service = self._service
        try:
            async with self._surroundings.broker.subscribe(
                service.name, service.prefetch
            ) as subscription:
                self._broker_patience.succeeded()
                self._has_consumed = True
                session = Session(service, self._surroundings, subscription, self._reader, executor)
                await session.run(stop)
        except (Unavailable, Misconfigured) as error:
            # At the start somebody is there to read it. Later it may pass by itself: a broker that
            # restarts takes connections long before it has all its queues back.
            if isinstance(error, Misconfigured) and not self._has_consumed:
                raise
            await self._wait(self._broker_patience.failed(error), stop)

    async def _wait(self, seconds: float, stop: asyncio.Event) -> None:
        sleeping = asyncio.ensure_future(self._surroundings.sleep(seconds))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()
