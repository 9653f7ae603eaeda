"""What a dead replica left in the outbox is sent by another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.deadletter import dead_letter
from orchestrator.core.event import Delivery
from orchestrator.core.ids import ReactionId
from orchestrator.engine.patience import Patience
from orchestrator.engine.sweeper import CHUNK, Sweeper
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.ports import Commit, Reaction
from tests.engine.definitions import PATIENCE, Reminder, rule
from tests.engine.interference import FullOfDeadLetters, Meddled, MeddledBroker, Outage
from tests.engine.ledger import Ledger
from tests.engine.messages import QUEUE, filed, told
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from tests.engine.interference import Interference

AGE_SECONDS = 30.0


def sweeper(world: World, between: Interference | None = None) -> tuple[Sweeper, Patience, Ledger]:
    """Return a sweeper that looks at the outbox once an hour."""
    broker: Any = MeddledBroker(world.broker, between) if between else world.broker
    store: Any = _Store(world.store, between) if between else world.store
    ledger = Ledger()
    patience = Patience(ledger)
    made = Sweeper(
        broker,
        store,
        world.clock,
        patience,
        ledger,
        period_seconds=3600,
        age_seconds=AGE_SECONDS,
    )
    return made, patience, ledger


class _Store(Meddled):
    """The outbox is read item by item: nothing to meddle with."""

    def outbox(self, committed_before: Any) -> Any:
        return self._port.outbox(committed_before)


async def abandoned(count: int) -> World:
    """Return a world whose only replica died after its commit."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"))
    await world.publish(*(filed(f"e{number}", f"C-{number}") for number in range(count)))
    dies = Outage("publish", error=ConnectionAbortedError("as if killed here"))
    with pytest.raises(ExceptionGroup):
        await world.run(between=dies, batch_size=1000)
    assert (world.sent, await world.store.outbox_size()) == ([], count)
    return world


def wait(world: World, seconds: float) -> None:
    world.clock.moment += timedelta(seconds=seconds)


async def test_old_entries_are_sent_under_their_ids_and_settled() -> None:
    """The event itself may have been acknowledged long ago; nobody else would send them."""
    world = await abandoned(3)
    wait(world, AGE_SECONDS + 1)
    outbox = [entry async for entry in world.store.outbox(world.clock.now())]
    sweep, _, ledger = sweeper(world)

    assert await sweep.sweep() == 3

    assert world.sent == [message for entry in outbox for message in entry.messages]
    assert sorted(told(world.sent)) == ["Send e0", "Send e1", "Send e2"]
    assert ledger.sweeps == [(3, 0)]


async def test_young_entries_are_left_to_whoever_is_at_it() -> None:
    """A replica that is just publishing them must not be doubled by every other one."""
    world = await abandoned(2)
    wait(world, AGE_SECONDS)
    sweep, _, ledger = sweeper(world)

    assert await sweep.sweep() == 0

    assert (world.sent, ledger.sweeps) == ([], [(0, 2)])


@pytest.mark.parametrize("what", ["an event", "a timer"])
async def test_a_commit_after_an_outage_is_not_overdue_at_once(what: str) -> None:
    """It was decided long ago, but is only just being published: a sweep would double it."""
    definition = rule("intake", "Filed", "Send") if what == "an event" else Reminder()
    world = World(MemoryStore(), definition)
    await world.publish(filed("e1", "C-1"))
    sweep, _, _ = sweeper(world)
    swept: list[int] = []
    outage = Outage("commit")

    async def between(name: str, call: Any) -> Any:
        if name == "commit" and outage.failures:
            wait(world, AGE_SECONDS + 1)
        if name == "publish":
            swept.append(await sweep.sweep())
        return await outage(name, call)

    if what == "an event":
        await world.run(between=between)
    else:
        await world.run()
        wait(world, PATIENCE.total_seconds())
        await world.fire(between)
    assert (swept, len(world.sent)) == ([0], 1)


async def test_more_than_a_chunk_is_sent_whole() -> None:
    """After a long outage of the broker the outbox holds more than one write should carry."""
    world = await abandoned(2 * CHUNK + 1)
    wait(world, AGE_SECONDS + 1)
    sweep, _, _ = sweeper(world)

    assert await sweep.sweep() == 2 * CHUNK + 1

    assert len({message.id for message in world.sent}) == 2 * CHUNK + 1
    assert await world.store.outbox_size() == 0


async def test_dead_letters_that_are_refused_keep_nothing_else() -> None:
    """Their queue may be full for hours; and what a person is to see must not be forgotten."""
    world = await abandoned(2)
    letter = dead_letter(Delivery(b"{}"), QUEUE, "expression", "no field named amount", NOW)
    commit = Commit("C-9", (Reaction(ReactionId(bytes(16)), (letter,)),))
    await world.store.commit([commit], NOW - timedelta(seconds=1))
    wait(world, AGE_SECONDS + 1)
    world.broker = full = FullOfDeadLetters([QUEUE, f"{QUEUE}.dlq"])
    sweep, _, ledger = sweeper(world)

    with pytest.raises(Unavailable):
        await sweep.sweep()
    assert sorted(told(world.sent)) == ["Send e0", "Send e1"]
    assert (world.dead_letters, ledger.sweeps) == ([], [(2, 1)])

    full.refusals = 0
    assert await sweep.sweep() == 1
    assert (world.dead_letters, await world.store.outbox_size()) == ([letter], 0)


@pytest.mark.parametrize("name", ["publish", "settle", "verify", "outbox_size"])
@pytest.mark.parametrize("error", [Unavailable("away"), Misconfigured("no permission")])
async def test_a_service_that_is_away_is_waited_for(name: str, error: Exception) -> None:
    """A sweep that gives up leaves the entries to nobody."""
    world = await abandoned(2)
    wait(world, AGE_SECONDS + 1)
    sweep, patience, ledger = sweeper(world, Outage(name, 1, error))
    task = asyncio.create_task(sweep.run())
    await ledger.until(lambda: bool(ledger.sweeps))
    patience.stop()
    async with asyncio.timeout(1):
        await task

    assert sorted(set(told(world.sent))) == ["Send e0", "Send e1"]
    assert [reason for _, reason in ledger.waits] == [str(error)]
    assert await world.store.outbox_size() == 0


@pytest.mark.parametrize("name", ["publish", "verify"])
async def test_it_ends_quietly_when_the_process_stops_during_an_outage(name: str) -> None:
    """An error here would cut off the engine, which still has work in hand."""
    world = await abandoned(1)
    wait(world, AGE_SECONDS + 1)
    sweep, patience, ledger = sweeper(world, Outage(name, failures=10**9))
    task = asyncio.create_task(sweep.run())
    await ledger.until(lambda: bool(ledger.waits))
    patience.stop()
    async with asyncio.timeout(1):
        await task
    assert await world.store.outbox_size() == 1


async def test_it_sweeps_at_start_and_ends_in_the_middle_of_its_pause() -> None:
    """Nobody waits an hour for a shutdown."""
    world = World(MemoryStore())
    sweep, patience, ledger = sweeper(world)
    task = asyncio.create_task(sweep.run())
    await ledger.until(lambda: bool(ledger.sweeps))
    assert not task.done()
    patience.stop()
    async with asyncio.timeout(1):
        await task
    assert ledger.sweeps == [(0, 0)]
