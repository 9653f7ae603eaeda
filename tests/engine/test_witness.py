"""What proves that everything which arrived before a moment is decided, and what does not."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest

from orchestrator.adapters.memory.progress import MemoryProgress
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.backlog import Backlog
from orchestrator.engine.patience import Patience
from orchestrator.engine.witness import Witness
from tests.engine.interference import Gate, Meddled
from tests.engine.ledger import Ledger
from tests.engine.messages import QUEUE, filed
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECOND = timedelta(seconds=1)


class Replica:
    """A replica that takes and decides what the test tells it to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stack = AsyncExitStack()
        self.backlog = Backlog()
        self.witness = Witness(
            self.backlog,
            world.progress,
            world.broker,
            clock=world.clock,
            patience=Patience(Ledger()),
            queue=QUEUE,
        )
        self.subscription: Any = None

    async def open(self) -> Self:
        """Join, subscribe and say so."""
        await self.witness.join()
        return await self.subscribe()

    async def subscribe(self) -> Self:
        """Subscribe and say so, having joined."""
        self.subscription = await self._stack.enter_async_context(
            self._world.broker.subscribe(QUEUE, 1000)
        )
        self.witness.opened(self.subscription)
        await self.witness.look()
        return self

    async def take(self, count: int = 1) -> None:
        deliveries = await self.subscription.receive(count)
        await self.witness.took(deliveries)

    async def decide(self, count: int = 1) -> None:
        """And see what comes of it."""
        self.witness.decided(count)
        await self.witness.look()
        await self.witness.look()

    async def die(self) -> None:
        """What it holds is ready again."""
        self.witness.closed()
        await self._stack.aclose()

    def proven(self) -> bool:
        """Tell whether all that arrived until now is proven to be decided."""
        return self.backlog.decided_until == self._world.clock.now()


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


async def publish(world: World, *names: str) -> None:
    await world.publish(*(filed(name, "C-1") for name in names))


@asynccontextmanager
async def replicas(world: World, count: int) -> AsyncIterator[list[Replica]]:
    opened = [await Replica(world).open() for _ in range(count)]
    yield opened
    for each in opened:
        await each.die()


async def test_alone_it_takes_its_own_marker_to_be_sure(world: World) -> None:
    """An empty queue says nothing of deliveries on their way, nor of a broker that is too busy."""
    async with replicas(world, 1) as [one]:
        await one.witness.seek()
        await one.witness.look()
        assert not one.proven()
        await one.take()
        await one.witness.look()
        assert not one.proven()
        await one.decide()
        assert one.proven()


async def test_what_is_proven_holds_up_no_further_attempt(world: World) -> None:
    """Under a stream of timers one proof follows the other."""
    async with replicas(world, 1) as [one]:
        for number in (1, 2, 3):
            await one.witness.seek()
            assert len(world.broker.published) == number
            await one.take()
            await one.decide()


async def test_what_another_has_taken_must_be_decided(world: World) -> None:
    """The queue is empty, and the answer is in the hands of another."""
    async with replicas(world, 2) as [one, other]:
        await publish(world, "answer")
        await other.take()
        await one.witness.seek()
        await one.take()
        await one.decide()
        await other.witness.look()
        await one.witness.look()
        assert not one.proven()
        await other.decide()
        await one.witness.look()
        assert one.proven()


async def test_what_comes_after_the_marker_need_not_be_decided(world: World) -> None:
    """Or timers would never fire under load."""
    async with replicas(world, 1) as [one]:
        await one.witness.seek()
        await publish(world, "next")
        await one.take()
        await one.decide()
        assert not one.proven()  # what waits in our hands may be older, who knows
        await publish(world, "and the next", "and so on")
        await one.take()
        await one.decide()
        assert one.proven()


async def test_what_is_on_its_way_to_another_must_be_decided(world: World) -> None:
    """It left the queue before the marker, and nobody has it yet."""
    async with replicas(world, 2) as [one, other]:
        gate = Gate("catch_up")
        other.witness.opened(Meddled(other.subscription, gate))
        await one.witness.seek()
        await one.take()
        await one.decide()
        looking = asyncio.create_task(other.witness.look())
        await gate.reached_by(1)
        await one.witness.look()
        assert not one.proven()
        gate.open()
        await looking
        await other.witness.look()
        await one.witness.look()
        assert one.proven()


async def test_what_the_dead_left_is_waited_for(world: World) -> None:
    """It comes again behind the marker: only one that is sent after its return proves anything."""
    async with replicas(world, 2) as [one, other]:
        await publish(world, "answer")
        await other.take()
        await one.witness.seek()
        await one.take()
        await one.decide()
        await other.die()
        await one.witness.look()
        assert not one.proven()
        world.clock.moment += SECOND
        await one.witness.seek()
        await one.take(2)
        await one.decide()
        assert not one.proven()
        await one.decide()
        assert one.proven()


async def test_a_dead_one_that_the_broker_still_counts_is_waited_for(world: World) -> None:
    """What it holds is not ready again; after a minute without a word it is."""
    world.progress = MemoryProgress(silence := type(world.clock)())
    async with replicas(world, 2) as [one, other]:
        other.witness.closed()
        await one.witness.seek()
        await one.take()
        await one.decide()
        assert not one.proven()
        silence.moment += timedelta(seconds=61)
        await one.witness.look()
        assert one.proven()


async def test_one_that_is_about_to_subscribe_is_waited_for(world: World) -> None:
    """It may have taken something before the marker was; what never subscribed may not."""
    async with replicas(world, 1) as [one]:
        other = Replica(world)
        await other.witness.join()
        await one.witness.seek()
        await one.take()
        await one.decide()
        assert not one.proven()
        await other.open()  # the second time: the first led to nothing
        world.clock.moment += SECOND
        await one.witness.seek()
        await one.take()
        await one.decide()
        await other.witness.look()
        await other.witness.look()
        await one.witness.look()
        assert one.proven()
        await other.die()


async def test_one_that_subscribed_since_makes_up_for_no_dead_one(world: World) -> None:
    """It had no consumer when the broker counted: the second one was that of the silent."""
    async with replicas(world, 2) as [one, silent]:
        joined = Replica(world)
        await joined.witness.join()
        await publish(world, "answer")
        await silent.take()
        silent.witness.closed()
        await one.witness.seek()
        await joined.subscribe()
        await one.take()
        await one.decide()
        await joined.witness.look()
        await one.witness.look()
        assert not one.proven()
        await joined.die()


async def test_a_broker_that_cannot_tell_proves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RabbitMQ answers 0 for a quorum queue that does not answer within a quarter of a second."""

    async def none(_: object) -> int:
        return 0

    monkeypatch.setattr(world.broker, "consumers", none)
    async with replicas(world, 2) as [one, other]:
        await one.witness.seek()
        await other.take()
        await one.witness.look()
        assert not one.proven()


async def test_a_marker_is_told_of_once_more_rather_than_never(world: World) -> None:
    """Who took it may have died before it was told: it comes again, to whoever is there."""
    async with replicas(world, 2) as [one, other]:
        await one.witness.seek()
        await other.subscription.receive(1)
        await other.die()
        await one.take()
        await one.decide()
        assert not one.proven()  # the other was counted before
        world.clock.moment += SECOND
        await one.witness.seek()
        await one.take()
        await one.decide()
        assert one.proven()


async def test_nobody_is_asked_before_it_is_needed(world: World) -> None:
    """At rest there is no marker: they go out only while a timer waits."""
    async with replicas(world, 2) as [one, _]:
        await one.witness.look()
        assert world.broker.published == []
        await one.witness.seek()
        await one.witness.seek()
        assert len(world.broker.published) == 1  # the first is under way
        assert world.clock.now() == NOW


async def test_a_clock_that_is_set_back_holds_up_no_timer(world: World) -> None:
    """Until it is where it was, an hour may pass: the next attempt does not wait for that."""
    async with replicas(world, 1) as [one]:
        await one.witness.seek()
        world.clock.moment -= timedelta(hours=1)
        await one.witness.seek()
        assert len(world.broker.published) == 2
