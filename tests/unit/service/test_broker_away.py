"""What the runtime does while the broker is away, or has not all of its queues."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.broker import MemoryBroker, MemorySubscription
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.service import Context, Reject
from tests.unit.service.workbench import Bake, Baked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from orchestrator.core.event import Message
    from tests.unit.service.workbench import Workbench


class Cutting(MemoryBroker):
    """A broker that can go away, and comes back when it is subscribed to again."""

    away = False
    missing = 0

    @asynccontextmanager
    async def subscribe(self, queue: str, prefetch: int) -> AsyncIterator[MemorySubscription]:
        if self.missing:
            self.missing -= 1
            raise Misconfigured("there is no queue")
        async with super().subscribe(queue, prefetch) as subscription:
            self.away, self._current = False, subscription
            yield subscription

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.away:
            raise Unavailable("the broker is away")
        await super().publish(messages)

    async def cut(self) -> None:
        """Lose the connection."""
        self.away = True
        await self._current.close()


async def test_a_lost_subscription_is_opened_again(bench: Workbench) -> None:
    """What was in hand comes again; what a handler finished meanwhile is only published."""
    runs = []
    bench.broker = broker = Cutting(["bakery", "bakery.dlq"])

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        runs.append(command.cake)
        if len(runs) == 1:
            await broker.cut()
        return Baked(cake=command.cake)

    await bench.send()

    # Nothing here may wait for the drain time: the broker takes nothing until it is asked again.
    async with bench.running(drain_seconds=1000) as stop:
        await bench.listener.finished(1, stop)

    assert runs == ["cake 1"]
    assert bench.listener.outcomes == ["repeated"]
    assert len({event["id"] for event in bench.published}) == 1


async def test_a_queue_missing_after_a_restart_is_waited_for(bench: Workbench) -> None:
    """A broker takes connections long before it has all its queues back."""
    bench.broker = broker = Cutting(["bakery", "bakery.dlq"])

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        if not broker.missing:
            broker.missing = 2
            await broker.cut()
        return Baked(cake=command.cake)

    await bench.send()
    await bench.work_off(1)

    assert bench.listener.outcomes == ["repeated"]
    assert ("waiting", "broker", "there is no queue") in bench.listener.notes


async def test_a_queue_missing_at_the_start_ends_the_process(bench: Workbench) -> None:
    """Whoever started it is there to read what to do."""
    bench.broker = Cutting(["bakery", "bakery.dlq"])
    bench.broker.missing = 1
    with pytest.raises(Misconfigured, match="there is no queue"):
        await bench.work_off(1)


async def test_a_missing_dead_letter_queue_is_waited_for(bench: Workbench) -> None:
    """Only a person can mend it; until then the message stays, and the reason is told."""
    bench.broker = MemoryBroker(["bakery"])
    told = asyncio.Event()
    bench.listener.on_note = told.set

    @bench.service.on("Bake")
    async def reject(_command: Bake, _context: Context) -> None:
        raise Reject("no such cake")

    await bench.send()

    async with bench.running(drain_seconds=0.01):
        await told.wait()

    assert bench.listener.notes[0][:2] == ("waiting", "broker")
    assert "bakery.dlq" in str(bench.listener.notes[0][2])
    assert (bench.broker.depth("bakery"), bench.listener.reports) == (1, [])
