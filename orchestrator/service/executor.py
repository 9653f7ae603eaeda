"""Runs handlers, and says what follows from how they end. Publishes and acknowledges nothing."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import structlog

from orchestrator.errors import Refused, Unavailable
from orchestrator.service.breaker import Breaker
from orchestrator.service.context import Context, R
from orchestrator.service.errors import CrashLoop
from orchestrator.service.outcome import Failing, Outcome, one_line, replied
from orchestrator.service.patience import Patience
from orchestrator.service.slots import Slots, Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.service.flight import Flight
    from orchestrator.service.replies import Replies
    from orchestrator.service.service import Service
    from orchestrator.service.surroundings import Surroundings
    from orchestrator.service.work import Reader, Work

T = TypeVar("T")

MAX_BEGINNINGS: Final = 5
"""How often a redelivered message may begin without ending before it is given up. The broker counts
a delivery of everything a dying process held; this counts only what it was handling."""

RETRIES_EXHAUSTED: Final = "retries-exhausted"


class Executor(Generic[R]):
    """Runs the handlers of one service, for all its subscriptions.

    Attributes:
        turns: keeps two deliveries of one message apart.
    """

    def __init__(
        self,
        service: Service[R],
        surroundings: Surroundings,
        reader: Reader,
        replies: Replies,
        resources: R,
    ) -> None:
        self._service = service
        self._clock = surroundings.clock
        self._inbox = surroundings.inbox
        self._reader = reader
        self._replies = replies
        self._resources = resources
        self._slots = Slots(service.concurrency)
        self.turns = Turns()
        self._patience = Patience("store", surroundings.observer, surroundings.sleep)
        self._failing = Failing(service.name, surroundings.limits.retry_prefix)
        observer = surroundings.observer
        self._breaker = Breaker(
            opened=lambda reason, seconds: observer.paused(service.name, reason, seconds),
            closed=lambda: observer.resumed(service.name),
            sleep=surroundings.sleep,
        )
        self._log = structlog.get_logger().bind(service=service.name)

    @property
    def paused(self) -> bool:
        """Whether it waits for what it depends on."""
        return self._breaker.is_open

    async def execute(self, flight: Flight, work: Work) -> Outcome:
        """Run the handler of `work` when its turn comes, and return what follows.

        A message that was in progress when a process died is handled alone: if it is what kills
        the process, it takes nobody with it.
        """
        beginnings = await self._beginnings(work) if work.delivery.redelivered else 0
        if beginnings >= MAX_BEGINNINGS:
            return await self._crash_loop(work, beginnings)
        async with self._slots.take(alone=beginnings > 0):
            while True:
                try:
                    async with self._breaker.admission():
                        flight.begun = True
                        return await self._noted_attempt(flight, work)
                except Unavailable:
                    # The breaker is open now, and lets us try again when it closes.
                    flight.begun = False

    async def _beginnings(self, work: Work) -> int:
        return await self._insist(lambda: self._inbox.begun(work.attempt_key))

    async def _insist(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await self._patience.insist(operation, give_up=lambda: False)

    async def _noted_attempt(self, flight: Flight, work: Work) -> Outcome:
        """Run the handler; of a redelivered message, note its beginning and its end."""
        if not work.delivery.redelivered:
            return await self._attempt(flight, work)
        await self._insist(lambda: self._inbox.begin(work.attempt_key))
        try:
            outcome = await self._attempt(flight, work)
        except Unavailable:
            await self._end(work)
            raise
        await self._end(work)
        return outcome

    async def _end(self, work: Work) -> None:
        await self._insist(lambda: self._inbox.end(work.attempt_key))

    async def _crash_loop(self, work: Work, beginnings: int) -> Outcome:
        error = CrashLoop(
            f"{work.handler.name} began this message {beginnings} times and the process ended each"
            " time before it was done: mend the handler, then redrive"
        )
        await self._end(work)  # a redrive starts counting anew
        return self._give_up(work, error.reason, error)

    async def _attempt(self, flight: Flight, work: Work) -> Outcome:
        """Run the handler once. Raises only ``Unavailable``: what it needs is down."""
        started = perf_counter()
        try:
            returned = await self._call(work)
            return replied(work, self._replies.of(work, returned, self._clock.now()))
        except Unavailable:
            raise
        except Refused as error:
            return self._give_up(work, error.reason, error)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            return self._retry(work, RuntimeError(f"the handler was cancelled from inside {error}"))
        except Exception as error:  # noqa: BLE001 - the one boundary: handlers raise anything
            return self._retry(work, error)
        finally:
            flight.seconds = perf_counter() - started

    async def _call(self, work: Work) -> object:
        command = self._reader.parse(work)
        event = work.event
        context = Context(
            event=event,
            attempt=work.attempt,
            idempotency_key=work.key,
            now=self._clock.now(),
            log=self._log.bind(
                correlation_id=event.correlation_id,
                type=event.type,
                message_id=event.id,
                attempt=work.attempt,
            ),
            resources=self._resources,
        )
        limit = work.handler.policy.timeout_seconds
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                return await work.handler.function(command, context)
        except TimeoutError:
            if deadline.expired():
                raise TimeoutError(f"{work.handler.name} took longer than {limit:g} s") from None
            raise

    def _retry(self, work: Work, error: Exception) -> Outcome:
        """Try again after the delay this attempt has earned, or give up after the last."""
        delays = work.handler.policy.retries
        if work.attempt > len(delays):
            return self._give_up(work, RETRIES_EXHAUSTED, error)
        return self._failing.retried(work, delays[work.attempt - 1], error)

    def _give_up(self, work: Work, reason: str, error: Exception) -> Outcome:
        now = self._clock.now()
        told = self._replies.failure(work, one_line(error), now)
        return self._failing.given_up(work, reason, error, told, now)


def _is_cancelled() -> bool:
    """Return whether it is the runtime that cancels, rather than something the handler awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
