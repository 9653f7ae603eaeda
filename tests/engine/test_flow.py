"""How batches follow each other: order, overlap, backpressure, and services that go away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.engine import FINISHING_BATCHES
from orchestrator.errors import Misconfigured, Unavailable
from tests.engine.definitions import rule
from tests.engine.interference import Gate, Outage
from tests.engine.messages import CHANNEL, QUEUE, distinct, filed, told
from tests.engine.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from orchestrator.core.event import Message


def world() -> World:
    return World(MemoryStore(), rule("intake", "Filed", "Send"))


def events(count: int) -> list[Message]:
    return [filed(f"e{number}", f"C-{number}") for number in range(count)]


def sends(count: int) -> list[str]:
    return [f"Send e{number}" for number in range(count)]


class Calls:
    """Notes the order of calls, and holds the first of one method."""

    def __init__(self, hold_first: str) -> None:
        self.made: list[str] = []
        self.release = asyncio.Event()
        self._held = hold_first
        self._call = asyncio.Condition()

    async def seen(self, name: str) -> None:
        """Return once there was such a call."""
        async with self._call, asyncio.timeout(5):
            await self._call.wait_for(lambda: name in self.made)

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if name == self._held:
            self._held = ""
            await self.release.wait()
        result = await call()
        self.made.append(name)
        async with self._call:
            self._call.notify_all()
        return result


async def test_commands_leave_in_the_order_of_their_events() -> None:
    """Consumers see a case's commands in the order in which the case developed."""
    this = world()
    await this.publish(*events(25))
    await this.run(batch_size=4)
    assert told(this.sent) == sends(25)


async def test_what_arrived_while_a_batch_was_in_flight_is_one_batch() -> None:
    """Under load round trips are shared; a lone event does not wait for company."""
    this, gate = world(), Gate("commit")
    async with this.running(between=gate, batch_size=100) as (_, ledger):
        await this.publish(*events(1))
        await gate.reached_by(1)
        await this.publish(*events(8)[1:])
        gate.open()
        await ledger.until(lambda: len(this.sent) == 8 and len(ledger.reports) == 2)
    assert [report.size for report in ledger.reports] == [1, 7]


async def test_a_batch_reacts_while_the_ones_before_it_publish() -> None:
    """The overlap is what the throughput rests on."""
    this, gate = world(), Gate("publish")
    async with this.running(between=gate, batch_size=1) as (_, ledger):
        await this.publish(*events(2))
        await gate.reached_by(2)
        assert await this.store.outbox_size() == 2
        gate.open()
        await ledger.until(lambda: len(ledger.reports) == 2)
    assert await this.store.outbox_size() == 0


async def test_no_batch_is_acknowledged_before_the_one_in_front_of_it() -> None:
    """An acknowledgment covers everything before it: too early, it loses what is unconfirmed."""
    this, calls = world(), Calls(hold_first="publish")
    async with this.running(between=calls, batch_size=1) as (_, ledger):
        await this.publish(*events(2))
        await calls.seen("settle")  # of the second batch; the first still publishes
        assert told(this.sent) == ["Send e1"]
        assert "acknowledge" not in calls.made
        calls.release.set()
        await ledger.until(lambda: len(ledger.reports) == 2)
    assert calls.made.count("acknowledge") == 2


async def test_a_broker_that_is_stuck_stops_the_intake() -> None:
    """Else commits pile up in the outbox for as long as nothing can be sent."""
    this, gate = world(), Gate("publish")
    await this.publish(*events(20))
    async with this.running(between=gate, batch_size=1) as (_, ledger):
        await gate.reached_by(FINISHING_BATCHES)
        for _ in range(100):
            await asyncio.sleep(0)
        assert gate.reached == FINISHING_BATCHES
        assert await this.store.outbox_size() == FINISHING_BATCHES + 1
        gate.open()
        await ledger.until(lambda: len(ledger.reports) == 20)
    assert told(this.sent) == sends(20)


@pytest.mark.parametrize("error", [Unavailable("away"), Misconfigured("no permission")])
@pytest.mark.parametrize("name", ["commit", "publish", "settle"])
async def test_a_service_that_comes_back_finds_everything_in_order(
    name: str, error: Exception
) -> None:
    """Work in hand waits, also for what a person has to mend: dying would not mend it faster."""
    this = world()
    await this.publish(*events(6))

    ledger = await this.run(between=Outage(name, 2, error), batch_size=6)

    assert told(this.sent) == sends(6)
    assert this.broker.depth(QUEUE) == await this.store.outbox_size() == 0
    service = "broker" if name == "publish" else "store"
    assert ledger.waits == [(service, str(error))] * 2
    assert ledger.recoveries == [service]


@pytest.mark.parametrize("name", ["receive", "acknowledge"])
async def test_a_lost_subscription_is_opened_again(name: str) -> None:
    """What was not acknowledged comes again and leads to the same ids, nothing more."""
    this = world()
    await this.publish(*events(6))

    ledger = await this.run(between=Outage(name))

    assert told(distinct(this.sent)) == sends(6)
    assert ledger.waits == [("broker", "gone")]
    assert ledger.recoveries == ["broker"]
    assert this.broker.depth(QUEUE) == await this.store.outbox_size() == 0


class LostInCommit:
    """Loses the subscription while the second batch is in its commit, which never answers."""

    def __init__(self, *, applied: bool) -> None:
        self._applied = applied
        self._commits = 0
        self._in_commit = asyncio.Event()

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self._commits += name == "commit"
        if name == "acknowledge" and self._commits <= 2:
            await self._in_commit.wait()
            raise Unavailable("gone")
        if name == "commit" and self._commits == 2:
            if self._applied:
                await call()
            self._in_commit.set()
            await asyncio.Event().wait()
        return await call()


@pytest.mark.parametrize("applied", [False, True])
async def test_a_subscription_lost_during_a_commit_loses_nothing(*, applied: bool) -> None:
    """The commit is cut off, done or not; the redelivered batch finds out which."""
    this = world()
    await this.publish(*events(2))

    ledger = await this.run(between=LostInCommit(applied=applied), batch_size=1)

    assert told(distinct(this.sent)) == sends(2)
    assert ledger.waits == [("broker", "gone")]
    assert this.broker.depth(QUEUE) == await this.store.outbox_size() == 0


async def test_without_a_queue_it_says_so_and_waits_until_there_is_one() -> None:
    """`orchestrator apply` may come after the daemon."""
    this = world()
    await this.publish(*events(1))

    ledger = await this.run(between=Outage("receive", 2, Misconfigured("there is no queue")))

    assert ledger.waits == [("broker", "there is no queue")] * 2
    assert told(this.sent) == sends(1)


class MadeAnew:
    """Deletes the queue while it is consumed, and lets it be made again: empty and unbound."""

    def __init__(self, this: World) -> None:
        self._broker = this.broker
        self._coming = events(1)
        self._deleted = False

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if name == "receive" and not self._deleted:
            self._deleted = True
            await self._broker.unbind(QUEUE, [CHANNEL])
            raise Unavailable("the queue was deleted")
        if name == "receive":
            coming, self._coming = self._coming, []
            await self._broker.publish(coming)
        return await call()


async def test_a_queue_that_was_made_anew_is_bound_again() -> None:
    """`orchestrator apply` makes the queue but knows no rule: else it would hear nothing."""
    this = world()
    engine, ledger = this.engine(between=MadeAnew(this))
    ledger.enough = 1

    async with asyncio.timeout(5):
        await engine.run()

    assert told(this.sent) == sends(1)
