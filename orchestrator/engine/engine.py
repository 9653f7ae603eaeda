"""The daemon's loop: batches through the spine, one reacting while the ones before it finish."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.backoff import delays
from orchestrator.engine.patience import LONGEST_SECONDS
from orchestrator.errors import Defect, Misconfigured, OrchestratorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import Observer
    from orchestrator.engine.spine import Spine
    from orchestrator.engine.witness import Witness
    from orchestrator.ports import Broker, Subscription

FINISHING_BATCHES = 3
"""How many batches may be publishing, settling and waiting for their turn to be acknowledged."""


class Engine:
    """Consumes the input queue until it is stopped, whatever happens to broker and store.

    Args:
        broker: where the queue is.
        spine: what happens to a batch.
        patience: how to wait; `stop` stops it too.
        observer: hears what was done.
        witness: counts what is received and decided.
        rulebook: what to react with; assign `rulebook` to swap it between two batches.
        queue: the input queue.
        prefetch: how many deliveries to hold.
        batch_size: how many of them to take at once.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        broker: Broker,
        spine: Spine,
        patience: Patience,
        observer: Observer,
        *,
        witness: Witness,
        rulebook: Rulebook,
        queue: str,
        prefetch: int,
        batch_size: int,
    ) -> None:
        self.rulebook = rulebook
        self.witness = witness
        self._broker = broker
        self._spine = spine
        self._patience = patience
        self._observer = observer
        self._queue = queue
        self._prefetch = prefetch
        self._batch_size = batch_size
        self._idle_task: asyncio.Task[object] | None = None

    def stop(self) -> None:
        """Take no more deliveries; `run` returns once those in hand are finished."""
        self._patience.stop()
        idle, self._idle_task = self._idle_task, None
        if idle is not None:
            idle.cancel()

    async def run(self) -> None:
        """Consume until `stop`, subscribing again whenever the subscription is lost.

        The queue may have been made anew meanwhile, without its bindings: they are made again.
        """
        waits: Iterator[float] | None = None
        while not self._patience.stopping:
            try:
                if waits is not None:
                    await self._broker.bind(self._queue, self.rulebook.channels)
                await self.witness.join()
                async with self._broker.subscribe(self._queue, self._prefetch) as subscription:
                    self.witness.opened(subscription)
                    if waits is not None:
                        self._observer.recovered("broker")
                        waits = None
                    await self._consume(subscription)
            except* (Unavailable, Misconfigured) as errors:
                waits = waits or delays(LONGEST_SECONDS)
                self.witness.closed()
                await self._patience.pause("broker", _first(errors), next(waits))
        self.witness.closed()

    async def _consume(self, subscription: Subscription) -> None:
        """React to batch after batch; finish each behind the one before it.

        A batch that cannot be finished ends the subscription: what it leaves unacknowledged comes
        again, and its commits then answer with what is still to be sent.
        """
        room = asyncio.Semaphore(FINISHING_BATCHES)
        before: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as finishing:
            while not self._patience.stopping:
                deliveries = await self._receive(subscription)
                await self.witness.took(deliveries)
                batches = await self._react(deliveries)
                self.witness.decided(len(deliveries))
                for batch in batches:
                    await room.acquire()
                    before = finishing.create_task(self._finish(batch, subscription, before))
                    before.add_done_callback(lambda _: room.release())

    async def _receive(self, subscription: Subscription) -> Sequence[Delivery]:
        """Return the next deliveries, or none when the engine is stopped while it waits.

        `stop` cancels this wait and no other: nothing is in hand here, so nothing can be torn.
        """
        task = self._idle_task = asyncio.current_task()
        try:
            return await subscription.receive(self._batch_size)
        except asyncio.CancelledError:
            if not self._patience.stopping or task is None:
                raise
            task.uncancel()
            return ()
        finally:
            self._idle_task = None

    async def _react(self, deliveries: Sequence[Delivery]) -> Sequence[Batch]:
        """React to `deliveries` together; on a defect of ours one by one, to find the culprit."""
        if not deliveries:
            return ()
        try:
            return (await self._spine.react(deliveries, self.rulebook),)
        except OrchestratorError:
            raise
        except Exception as error:  # noqa: BLE001 - the one boundary: no event may stop the daemon
            if len(deliveries) == 1:
                self._observer.defect(error, deliveries[0])
                return (self._spine.give_up(deliveries[0], Defect(error)),)
        return [batch for delivery in deliveries for batch in await self._react([delivery])]

    async def _finish(
        self, batch: Batch, subscription: Subscription, before: asyncio.Task[None] | None
    ) -> None:
        report = await self._spine.finish(batch)
        if before is not None:
            await before
        await self._spine.acknowledge(batch, subscription)
        self._observer.batch_done(report)


def _first(errors: BaseExceptionGroup[OrchestratorError]) -> OrchestratorError:
    """Return the first error of a group: the others are its echoes."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
