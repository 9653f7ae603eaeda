"""Pausing, stopping and redelivery: what the runtime does around its handlers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.inbox import MemoryInbox
from orchestrator.core import headers
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.service import Context, DependencyDown, Service
from orchestrator.service.executor import MAX_BEGINNINGS
from tests.unit.service.mortality import Life, MortalBroker, MortalInbox
from tests.unit.service.workbench import Bake, Baked, Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.service.inbox import Reply


async def test_a_dependency_that_is_down_pauses_and_costs_no_attempt(bench: Workbench) -> None:
    """An outage must not burn the retries of every message in the queue."""
    calls = 0

    @bench.service.on("Bake")
    async def bake(command: Bake, context: Context) -> Baked:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise DependencyDown("the oven is cold")
        assert context.attempt == 1
        return Baked(cake=command.cake)

    await bench.send()

    await bench.work_off(1)

    assert bench.listener.notes == [
        ("paused", "bakery", "the oven is cold", 1.0),
        ("paused", "bakery", "the oven is cold", 2.0),
        ("paused", "bakery", "the oven is cold", 4.0),
        ("resumed", "bakery"),
    ]
    assert (bench.listener.outcomes, bench.retries) == (["replied"], [])


async def test_a_paused_service_stops_at_once_and_hands_everything_back(bench: Workbench) -> None:
    """A deployment during an outage must lose nothing, and must not wait for its end."""
    tried = asyncio.Event()

    @bench.service.on("Bake")
    async def bake(_command: Bake, _context: Context) -> None:
        tried.set()
        raise DependencyDown("the oven is cold")

    for number in range(3):
        await bench.send(number=number)

    async with bench.running(drain_seconds=1000):
        await tried.wait()

    assert (bench.broker.depth("bakery"), bench.broker.published) == (3, [])


async def test_stopping_lets_what_runs_finish_and_hands_back_the_rest(bench: Workbench) -> None:
    """What has begun has effects, and is worth waiting for; what has not goes to a replica."""
    bench.service = Service("bakery", channels=["bakery.v1"], concurrency=1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        begun.set()
        await go_on.wait()
        return Baked(cake=command.cake)

    await bench.send(number=1)
    await bench.send(number=2)

    async with bench.running() as stop:
        await begun.wait()
        stop.set()
        await asyncio.sleep(0)
        go_on.set()

    assert [event["data"]["cake"] for event in bench.published] == ["cake 1"]
    assert bench.broker.depth("bakery") == 1


async def test_stopping_does_not_wait_for_ever(bench: Workbench) -> None:
    """A handler that outlasts the drain time is cut off; its message comes again."""
    begun = asyncio.Event()

    @bench.service.on("Bake")
    async def bake(_command: Bake, _context: Context) -> None:
        begun.set()
        await asyncio.Event().wait()

    await bench.send()

    async with bench.running(drain_seconds=0.01):
        await begun.wait()

    assert (bench.broker.depth("bakery"), bench.listener.reports) == (1, [])


async def test_finishing_out_of_order_acknowledges_nothing_unfinished(bench: Workbench) -> None:
    """A slow first message comes again after a crash, although later ones are done."""
    begun = asyncio.Event()

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        if command.cake == "cake 1":
            begun.set()
            await asyncio.Event().wait()
        return Baked(cake=command.cake)

    for number in (1, 2, 3):
        await bench.send(number=number)

    async with bench.running(drain_seconds=0.01):
        await bench.listener.finished(2)

    assert bench.broker.depth("bakery") == 3
    assert len(bench.published) == 2


class Moody(MemoryInbox):
    """An inbox that is away for some calls."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def _work_or_fail(self) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise Unavailable("redis is away")

    async def recall(self, keys: Sequence[str]) -> list[Reply | None]:
        self._work_or_fail()
        return await super().recall(keys)

    async def remember(self, replies: Mapping[str, Reply]) -> None:
        await super().remember(replies)
        self._work_or_fail()


@pytest.mark.parametrize("failures", [1, 2, 7])
async def test_an_inbox_that_is_away_is_waited_for(bench: Workbench, failures: int) -> None:
    """Without it nobody knows what was done before, so nothing runs and nothing is lost."""
    runs = 0

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        nonlocal runs
        runs += 1
        return Baked(cake=command.cake)

    await bench.send()

    async with bench.running(inbox=Moody(failures)):
        await bench.listener.finished(1)

    assert (runs, len(bench.published)) == (1, 1)
    assert bench.listener.notes[0] == ("waiting", "store", "redis is away")
    assert bench.listener.notes[-1] == ("recovered", "store")


async def test_a_message_that_kills_the_process_each_time_is_given_up(bench: Workbench) -> None:
    """A crash loop must end, name its message, and harm none of those that were in hand too."""
    lives = [Life()]

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        deadly = command.cake == "cake 1"
        for _ in range(20 if deadly else 40):
            await asyncio.sleep(0)  # all of them have begun when the process dies
        if deadly:
            lives[-1].end()
        return Baked(cake=command.cake)

    for number in (1, 2, 3):
        await bench.send(number=number)

    while not bench.dead_letters and len(lives) < 20:
        lives.append(Life())
        broker, inbox = MortalBroker(bench.broker, lives[-1]), MortalInbox(bench.inbox, lives[-1])
        with suppress(BaseExceptionGroup):
            async with bench.running(broker, inbox, drain_seconds=0.01) as stop:
                await bench.listener.finished(3, stop)

    (dead,) = bench.dead_letters
    assert (dead.id, dead.headers[headers.REASON]) == ("m-1", "crash-loop")
    assert len(lives) == 1 + (1 + MAX_BEGINNINGS) + 1
    # Mended and redriven, it must not be taken for a killer again.
    assert not any(bench.inbox.beginnings.values())
    assert sorted(event["type"] for event in bench.published) == ["Baked", "Baked", "CommandFailed"]


async def test_waiting_for_a_dependency_is_not_dying(bench: Workbench) -> None:
    """A redelivered message that waits through many probes must not look like a crash loop."""
    probes, cut, probed, is_warm = 0, asyncio.Event(), asyncio.Event(), False

    @bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        nonlocal probes
        if not cut.is_set():
            cut.set()
            await asyncio.Event().wait()
        probes += 1
        if probes == 2 * MAX_BEGINNINGS:
            probed.set()
        if not is_warm:
            raise DependencyDown("the oven is cold")
        return Baked(cake=command.cake)

    await bench.send()
    for moment in (cut, probed):  # what began is counted when the message comes again
        async with bench.running(drain_seconds=0.01):
            await moment.wait()

    is_warm = True
    await bench.work_off(1)

    assert bench.listener.outcomes == ["replied"]


async def test_an_undocumented_reply_is_found_before_the_first_message(bench: Workbench) -> None:
    """A misspelt class name must not wait for the first message to be found."""

    class Backed(Baked):
        """A typing error."""

    async def bake(_command: Bake, _context: Context) -> None:
        return None

    bake.__annotations__["return"] = list[Backed]
    bench.service.on("Bake")(bake)

    with pytest.raises(Misconfigured, match=r"bakery: Backed, which .* is in no document"):
        await bench.work_off(0)
