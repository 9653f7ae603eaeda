"""Runs a service until it is told to stop, across lost connections. Knows ports, no adapter."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Generic

from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.service.context import R
from orchestrator.service.executor import Executor
from orchestrator.service.instance import Presence
from orchestrator.service.patience import Patience, idle
from orchestrator.service.register import Announcement
from orchestrator.service.replies import Replies
from orchestrator.service.session import Session
from orchestrator.service.work import Reader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.service.instance import Instance
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
        self._sessions: dict[str, Session[R]] = {}
        self._dependency_patience = Patience(
            service.name, surroundings.observer, surroundings.sleep, passing=(Unavailable,)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Consume the service's queue until `stop` is set and running handlers have finished.

        A service with capabilities has a queue for this process alone too, and announces it.

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
            await self._work(executor, stop)

    async def _work(self, executor: Executor[R], stop: asyncio.Event) -> None:
        instance = self._surroundings.instance
        if instance is None:
            await self._keep_consuming(self._service.name, executor, stop)
            return
        presence = Presence(
            instance,
            lambda: self._announcement(instance, executor),
            self._surroundings.observer,
            self._surroundings.sleep,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_consuming(self._service.name, executor, stop))
                own = self._keep_consuming(instance.name, executor, stop, instance.declare)
                tasks.create_task(own)
                tasks.create_task(presence.keep(stop))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    def _announcement(self, instance: Instance, executor: Executor[R]) -> Announcement | None:
        """Return what to say of an instance; None while it could not take a command."""
        if instance.name not in self._sessions or executor.paused:
            return None
        service = self._service
        return Announcement(
            service=service.name,
            name=instance.name,
            host=instance.host,
            capabilities=service.capabilities,
            in_hand=sum(session.in_hand for session in self._sessions.values()),
            concurrency=service.concurrency,
        )

    async def _keep_consuming(
        self,
        queue: str,
        executor: Executor[R],
        stop: asyncio.Event,
        declare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Subscribe and handle; whenever the connection is lost, wait a while and subscribe again.

        Args:
            queue: of the service, or of this process alone.
            executor: runs the handlers.
            stop: ends it.
            declare: makes the queue exist; None if it does.
        """
        surroundings = self._surroundings
        patience = Patience("broker", surroundings.observer, surroundings.sleep)
        has_consumed = False
        while not stop.is_set():
            try:
                if declare is not None:
                    await declare()
                async with surroundings.broker.subscribe(
                    queue, self._service.prefetch
                ) as subscription:
                    patience.succeeded()
                    has_consumed = True
                    session = Session(
                        self._service, surroundings, subscription, self._reader, executor
                    )
                    await self._hold(queue, session, stop)
            except (Unavailable, Misconfigured) as error:
                # At the start somebody is there to read it. Later it may pass by itself: a broker
                # that restarts takes connections long before it has all its queues back.
                if isinstance(error, Misconfigured) and not has_consumed:
                    raise
                await idle(patience.failed(error), surroundings.sleep, stop)

    async def _hold(self, queue: str, session: Session[R], stop: asyncio.Event) -> None:
        self._sessions[queue] = session
        try:
            await session.run(stop)
        finally:
            del self._sessions[queue]
