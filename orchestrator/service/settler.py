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


class _Line:
    """What waits for a step; all that waits is taken together."""

    def __init__(self) -> None:
        self._waiting: list[Finished] = []
        self._arrived = asyncio.Event()

    def add(self, finished: Sequence[Finished]) -> None:
        self._waiting += finished
        self._arrived.set()

    async def take(self) -> list[Finished]:
        await self._arrived.wait()
        self._arrived.clear()
        batch, self._waiting = self._waiting, []
        return batch


class Settler:
    """Settles what the handlers of one subscription have finished: remember, publish, acknowledge.

    Whatever has finished during a write to the inbox is the next write; whatever was remembered
    during a publish is published and acknowledged next. A crash between any two steps repeats no
    effect that was remembered.
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
        self._finished = _Line()
        self._remembered = _Line()
        self._lost = False

    def accept(self, flight: Flight, outcome: Outcome) -> None:
        """Take over `flight`; its ``settled`` resolves when it is done."""
        self._finished.add([(flight, outcome)])

    def lose(self) -> None:
        """Stop publishing and acknowledging: the connection is gone, all of it comes again.

        What handlers have done is still remembered, so that they need not do it again.
        """
        self._lost = True

    async def keep_remembering(self) -> None:
        """Remember what has finished, batch after batch, until cancelled."""
        while True:
            batch = await self._finished.take()
            await self.remember(batch)
            for flight, _ in batch:
                flight.remembered()
            self._remembered.add(batch)

    async def keep_sending(self) -> None:
        """Publish and acknowledge what is remembered, batch after batch, until cancelled."""
        while True:
            batch = await self._remembered.take()
            await self.publish(batch)
            await self.acknowledge(batch)
            for flight, _ in batch:
                if not flight.settled.done():
                    flight.settled.set_result(None)

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
