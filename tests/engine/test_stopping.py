"""How the engine ends: at once when idle, with its work done when not, and never with a loss."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from tests.engine.definitions import rule
from tests.engine.interference import Gate, Outage
from tests.engine.messages import QUEUE, distinct, filed, told
from tests.engine.world import World

if TYPE_CHECKING:
    from orchestrator.core.event import Message


def world() -> World:
    return World(MemoryStore(), rule("intake", "Filed", "Send"))


def events(count: int) -> list[Message]:
    return [filed(f"e{number}", f"C-{number}") for number in range(count)]


def sends(count: int) -> list[str]:
    return [f"Send e{number}" for number in range(count)]


async def test_stopped_while_idle_it_ends_at_once() -> None:
    """Nothing is in hand."""
    this, gate = world(), Gate("none")
    engine, _ = this.engine(between=gate)
    task = asyncio.create_task(engine.run())
    await asyncio.sleep(0)
    engine.stop()
    engine.stop()  # an impatient operator
    async with asyncio.timeout(1):
        await task
    assert task.cancelling() == 0  # or what it awaits from here on takes itself for cancelled


async def test_stopped_before_it_runs_it_takes_nothing() -> None:
    """A signal may come while the services are still being checked."""
    this = world()
    await this.publish(*events(1))
    engine, ledger = this.engine()
    engine.stop()
    await engine.run()
    assert (ledger.reports, this.broker.depth(QUEUE)) == ([], 1)


@pytest.mark.parametrize("name", ["commit", "publish", "settle", "acknowledge"])
async def test_what_is_in_hand_is_finished_before_it_ends(name: str) -> None:
    """An update must not hand back work that is nearly done; what is not in hand stays."""
    this, gate = world(), Gate(name)
    await this.publish(*events(5))
    engine, ledger = this.engine(between=gate, batch_size=2)
    ledger.enough = 10**9
    task = asyncio.create_task(engine.run())
    await gate.reached_by(1)
    engine.stop()
    gate.open()
    async with asyncio.timeout(1):
        await task
    handled = sum(report.size for report in ledger.reports)
    assert handled >= 2
    assert told(this.sent) == sends(handled)
    assert this.broker.depth(QUEUE) == 5 - handled
    assert await this.store.outbox_size() == 0


@pytest.mark.parametrize("name", ["commit", "publish", "settle"])
async def test_stopped_while_a_service_is_away_it_gives_up_and_loses_nothing(name: str) -> None:
    """Waiting for a service must not hold up a shutdown; the next process goes on."""
    this, outage = world(), Outage(name, failures=10**9)
    await this.publish(*events(3))
    engine, ledger = this.engine(between=outage)
    task = asyncio.create_task(engine.run())
    await ledger.until(lambda: bool(ledger.waits))
    engine.stop()
    async with asyncio.timeout(1):
        await task

    await this.run()

    assert told(distinct(this.sent)) == sends(3)
    assert this.broker.depth(QUEUE) == await this.store.outbox_size() == 0


@pytest.mark.parametrize("name", ["commit", "publish", "settle", "acknowledge"])
async def test_cut_off_when_its_time_is_up_it_loses_nothing(name: str) -> None:
    """A service that neither works nor fails holds it up until somebody cancels it."""
    this, gate = world(), Gate(name)
    await this.publish(*events(3))
    engine, _ = this.engine(between=gate)
    task = asyncio.create_task(engine.run())
    await gate.reached_by(1)
    engine.stop()
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await this.run()

    assert sorted(told(distinct(this.sent))) == sends(3)
    assert this.broker.depth(QUEUE) == await this.store.outbox_size() == 0
