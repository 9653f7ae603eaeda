"""One subscription from its opening to its end: deliveries in, settled in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic

from orchestrator.errors import Misconfigured, Refused, Unavailable
from orchestrator.service.context import R
from orchestrator.service.flight import Flight
from orchestrator.service.outcome import Failing, ignored, repeated
from orchestrator.service.patience import Patience
from orchestrator.service.settler import Settler
from orchestrator.service.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.ports import Subscription
    from orchestrator.service.executor import Executor
    from orchestrator.service.inbox import Reply
    from orchestrator.service.service import Service
    from orchestrator.service.surroundings import Surroundings
    from orchestrator.service.work import Reader, Work


UNREMEMBERED_PER_SLOT: Final = 2
"""Handlers that run or have run and are not remembered: while the replies of as many as run at once
are written to the inbox, as many others run."""


class Session(Generic[R]):
    """The life of one subscription."""

    def __init__(
        self,
        service: Service[R],
        surroundings: Surroundings,
        subscription: Subscription,
        reader: Reader,
        executor: Executor[R],
    ) -> None:
        self._prefetch = service.prefetch
        self._surroundings = surroundings
        self._subscription = subscription
        self._reader = reader
        self._executor = executor
        self._failing = Failing(service.name, surroundings.limits.retry_prefix)
        self._patience = Patience("store", surroundings.observer, surroundings.sleep)
        self._turns = executor.turns
        self._unremembered = asyncio.Semaphore(UNREMEMBERED_PER_SLOT * service.concurrency)
        self._window = Window()
        self._settler = Settler(service.name, surroundings, subscription, self._window)
        self._flights: dict[asyncio.Task[None], Flight] = {}

    @property
    def in_hand(self) -> int:
        """How many messages were received and are not acknowledged."""
        return len(self._window)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle deliveries until `stop` is set, then let running handlers finish.

        Raises:
            Unavailable: the connection is lost.
            Misconfigured: the same, and only a person can mend it.
        """
        try:
            await self._fly_until(stop)
        except ExceptionGroup as failures:
            # The first ends the session; the others follow from it, or will show again.
            raise failures.exceptions[0] from failures

    async def _fly_until(self, stop: asyncio.Event) -> None:
        lost = None
        async with asyncio.TaskGroup() as tasks:
            steps = (self._settler.keep_remembering(), self._settler.keep_sending())
            settling = [tasks.create_task(step) for step in steps]
            try:
                await self._consume(tasks, stop)
            except (Unavailable, Misconfigured) as error:
                lost = error
                self._settler.lose()
            await self._land()
            for step in settling:
                step.cancel()
        if lost is not None:
            raise lost

    async def _consume(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        while deliveries := await self._receive(stop):
            flights = [self._launch(delivery) for delivery in deliveries]
            await self._recall(flights, stop)
            for flight in flights:
                if flight.work is not None:
                    task = tasks.create_task(self._fly(flight))
                    self._flights[task] = flight
                    task.add_done_callback(self._flights.pop)

    async def _receive(self, stop: asyncio.Event) -> Sequence[Delivery]:
        """Return what has arrived; nothing once `stop` is set."""
        if stop.is_set():
            return ()
        receiving = asyncio.ensure_future(self._subscription.receive(self._prefetch))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else ()
        finally:
            receiving.cancel()
            stopping.cancel()

    def _launch(self, delivery: Delivery) -> Flight:
        """Enter `delivery` into the window, and settle at once what needs no handler."""
        flight = Flight(delivery)
        self._window.add(delivery)
        now = self._surroundings.clock.now()
        try:
            flight.work = self._reader.read(delivery, now)
        except Refused as error:
            self._settler.accept(flight, self._failing.unreadable(delivery, error, now))
        else:
            if flight.work is None:
                self._settler.accept(flight, ignored())
        return flight

    async def _recall(self, flights: Sequence[Flight], stop: asyncio.Event) -> None:
        """Look up in one round trip which of `flights` were handled before."""
        wanted = [(flight, flight.work.key) for flight in flights if flight.work is not None]
        if not wanted:
            return
        replies = await self._ask_inbox([key for _, key in wanted], stop)
        for (flight, _), reply in zip(wanted, replies, strict=True):
            flight.known = reply

    async def _ask_inbox(
        self, keys: Sequence[str], stop: asyncio.Event | None = None
    ) -> list[Reply | None]:
        return await self._patience.insist(
            lambda: self._surroundings.inbox.recall(keys),
            give_up=lambda: stop is not None and stop.is_set(),
        )

    async def _fly(self, flight: Flight) -> None:
        """Handle `flight`, after any other delivery of the same message in this process."""
        work = flight.work
        assert work is not None  # noqa: S101 - _consume saw to it
        async with self._turns.take(work.key) as waited:
            if waited:
                (flight.known,) = await self._ask_inbox([work.key])
            if flight.known is not None:
                self._settler.accept(flight, repeated(work, flight.known))
            else:
                await self._execute(flight, work)
            await flight.settled

    async def _execute(self, flight: Flight, work: Work) -> None:
        """Handle `flight` once few enough are not remembered: that many a kill repeats."""
        await self._unremembered.acquire()
        try:
            outcome = await self._executor.execute(flight, work)
        except BaseException:
            self._unremembered.release()
            raise
        flight.remembered = self._unremembered.release
        self._settler.accept(flight, outcome)

    async def _land(self) -> None:
        """Drop what has not begun, and give the rest its time: dropped deliveries come again."""
        for task, flight in self._flights.items():
            if not flight.begun and flight.known is None:
                task.cancel()
        if self._flights:
            await asyncio.wait(list(self._flights), timeout=self._surroundings.limits.drain_seconds)
        for task in self._flights:
            task.cancel()
