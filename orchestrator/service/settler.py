"""Makes outcomes durable, in the one order that loses nothing. Runs no handler."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError, Unavailable
from orchestrator.service.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Message
    from orchestrator.ports import Subscription
    from orchestrator.service.flight import Flight
    from orchestrator.service.outcome import Outcome
    from orchestrator.service.surroundings import Surroundings
    from orchestrator.service.window import Window

Finished = tuple["Flight", "Outcome"]


class Settler:
    """Settles what the handlers of one subscription have finished.

    Whatever has finished while the last batch was settled is the next batch: one write to the
    inbox, one publish and one acknowledgement for all of them.
    """

    def __init__(
        self,
        service: str,
        surroundings: Surroundings,
        subscription: Subscription,
        window: Window,
    ) -> None:
        self._service = service
        self._inbox = surroundings.inbox
        self._broker = surroundings.broker
        self._observer = surroundings.observer
        self._subscription = subscription
        self._window = window
        self._store_patience = Patience("store", surroundings.observer, surroundings.sleep)
        self._broker_patience = Patience("broker", surroundings.observer, surroundings.sleep)
        self._finished: list[Finished] = []
        self._arrived = asyncio.Event()
        self._lost = False

    def accept(self, flight: Flight, outcome: Outcome) -> None:
        """Take over `flight`; its ``settled`` resolves when it is done."""
        self._finished.append((flight, outcome))
        self._arrived.set()

    def lose(self) -> None:
        """Stop publishing and acknowledging: the connection is gone, all of it comes again.

        What handlers have done is still remembered, so that they need not do it again.
        """
        self._lost = True

    async def run(self) -> None:
        """Settle batches until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._finished = self._finished, []
            await self.settle(batch)
            for flight, _ in batch:
                if not flight.settled.done():
                    flight.settled.set_result(None)

    async def settle(self, batch: Sequence[Finished]) -> None:
        """Remember, publish, acknowledge. A crash between any two of these repeats no effect."""
        await self.remember(batch)
        await self.publish(batch)
        await self.acknowledge(batch)

    async def remember(self, batch: Sequence[Finished]) -> None:
        """Write the replies to the inbox: from here on, no redelivery runs their handlers."""
        replies = {
            outcome.remember_as: outcome.messages
            for _, outcome in batch
            if outcome.remember_as is not None
        }
        if replies:
            await self._store_patience.insist(
                lambda: self._inbox.remember(replies), give_up=lambda: False
            )

    async def publish(self, batch: Sequence[Finished]) -> None:
        """Publish replies and retries, then dead letters, and wait for the confirms.

        Dead letters go apart: while their queue is full and refuses them, replies must not be sent
        again with every try.
        """
        messages = [message for _, outcome in batch for message in outcome.messages]
        await self._publish([message for message in messages if message.exchange != ""])
        await self._publish([message for message in messages if message.exchange == ""])

    async def _publish(self, messages: Sequence[Message]) -> None:
        if not messages or self._lost:
            return
        try:
            await self._broker_patience.insist(
                lambda: self._broker.publish(messages), give_up=lambda: self._lost
            )
        except OrchestratorError:
            # Only once the connection is lost: all of the batch will be delivered again.
            return

    async def acknowledge(self, batch: Sequence[Finished]) -> None:
        """Acknowledge as far as everything before is finished too, and report."""
        if self._lost:
            return
        for flight, _ in batch:
            self._window.finish(flight.delivery)
        last = self._window.advance()
        if last is not None:
            try:
                await self._subscription.acknowledge(last)
            except Unavailable:
                self.lose()
                return
        for flight, outcome in batch:
            self._observer.handled(flight.report(self._service, outcome))
