"""What an instance says about itself, and when it says nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.register import MemoryRegister
from orchestrator.errors import Unavailable
from orchestrator.service import Context, DependencyDown, Service
from orchestrator.service.instance import Instance, Presence
from orchestrator.service.register import BEAT_SECONDS, Announcement
from orchestrator.service.runtime import Runtime
from orchestrator.service.surroundings import Surroundings
from tests.unit.service.workbench import (
    DOCUMENTS,
    Bake,
    Baked,
    HeldClock,
    Listener,
    Workbench,
    no_wait,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SAID = Announcement("pumps", "pumps.instance.a", "box:1", ("pump",), 0, 10)


class Moody(MemoryRegister):
    """A register that is away for the first so many calls."""

    away = 0

    async def announce(self, announcement: Announcement) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("Redis is away")
        await super().announce(announcement)


class Life:
    """Announces an instance beat after beat, until somebody says stop."""

    def __init__(self, beats: int) -> None:
        self.register = Moody(HeldClock())
        self.listener = Listener()
        self.withdrawn = 0
        self.waits: list[float] = []
        self.living: list[int] = []
        self._beats = beats
        self._stop = asyncio.Event()

    async def run(self, said: Callable[[], Announcement | None]) -> None:
        instance = Instance("pumps.instance.a", "box:1", self.register, nothing, self._withdraw)
        await Presence(instance, said, self.listener, self._sleep).keep(self._stop)

    async def _withdraw(self) -> None:
        self.withdrawn += 1
        raise Unavailable("RabbitMQ is away")

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.living.append(len(await self.register.living()))
        if len(self.waits) == self._beats:
            self._stop.set()


async def nothing() -> None:
    """Declare nothing."""


async def test_an_instance_beats_until_it_stops() -> None:
    """Then it leaves at once, and takes its key with it, even if the broker does not listen."""
    life = Life(beats=3)
    await life.run(lambda: SAID)
    assert life.waits == [BEAT_SECONDS] * 3
    assert life.living == [1, 1, 1]
    assert (await life.register.living(), life.withdrawn) == ([], 1)


async def test_who_cannot_take_a_command_says_nothing() -> None:
    """Not before it has subscribed, and not while what it depends on is down."""
    answers = iter([None, SAID])
    life = Life(beats=2)
    await life.run(lambda: next(answers))
    assert life.living == [0, 1]
    assert life.waits[0] < BEAT_SECONDS


async def test_a_register_that_is_away_is_asked_again() -> None:
    """The service itself goes on: only nobody is sent to it."""
    life = Life(beats=3)
    life.register.away = 2
    await life.run(lambda: SAID)
    assert life.living == [0, 0, 1]
    assert life.listener.notes[0] == ("waiting", "store", "Redis is away")
    assert ("recovered", "store") in life.listener.notes


class Counting(MemoryRegister):
    """Keeps everything that was ever announced."""

    def __init__(self) -> None:
        super().__init__(HeldClock())
        self.said: list[Announcement] = []
        self.news = asyncio.Event()

    async def announce(self, announcement: Announcement) -> None:
        self.said.append(announcement)
        self.news.set()


class Shop:
    """A bakery with an instance on ports in memory."""

    def __init__(self) -> None:
        self.bench = Workbench()
        self.bench.broker = MemoryBroker(["bakery", "bakery.dlq", "bakery.instance.a"])
        self.bench.service = Service("bakery", channels=["bakery.v1"], capabilities=["bake"])
        self.register = Counting()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the service with a queue of its own."""
        instance = Instance("bakery.instance.a", "box:1", self.register, nothing, nothing)
        surroundings = Surroundings(
            broker=self.bench.broker,
            inbox=self.bench.inbox,
            directory=DOCUMENTS,
            clock=HeldClock(),
            observer=self.bench.listener,
            sleep=no_wait,
            instance=instance,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(Runtime(self.bench.service, surroundings).run(stop))
        try:
            yield
        finally:
            stop.set()
            await running

    async def send_to_instance(self, number: int) -> None:
        """Publish a command for the instance alone."""
        await self.bench.broker.bind("bakery.instance.a", ["bakery.instance.a"])
        await self.bench.send(number=number, channel="bakery.instance.a")

    async def beats(self, count: int) -> list[Announcement]:
        """Wait for so many announcements from now on."""
        before = len(self.register.said)
        while len(self.register.said) < before + count:
            self.register.news.clear()
            await self.register.news.wait()
        return self.register.said[before:]


async def test_both_queues_are_one_service() -> None:
    """Same handlers, and what it has in hand is counted over both."""
    shop, go = Shop(), asyncio.Event()

    @shop.bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        await go.wait()
        return Baked(cake=command.cake)

    await shop.bench.send(number=1)
    await shop.send_to_instance(number=2)
    async with shop.running():
        while (said := (await shop.beats(1))[-1]).in_hand < 2:
            pass
        go.set()
        await shop.bench.listener.finished(2)
        while (await shop.beats(1))[-1].in_hand > 0:
            pass
    assert (said.service, said.capabilities, said.load) == ("bakery", ("bake",), 0.2)
    assert shop.bench.listener.outcomes == ["replied", "replied"]


async def test_one_message_in_both_queues_is_handled_once() -> None:
    """The broker moves what was not settled in time, and it may be in hand here all the same."""
    shop, handled = Shop(), 0

    @shop.bench.service.on("Bake")
    async def bake(command: Bake, _context: Context) -> Baked:
        nonlocal handled
        handled += 1
        await asyncio.sleep(0)
        return Baked(cake=command.cake)

    await shop.bench.send(number=1)
    await shop.send_to_instance(number=1)
    async with shop.running():
        await shop.bench.listener.finished(2)
    assert (handled, sorted(shop.bench.listener.outcomes)) == (1, ["repeated", "replied"])


async def test_who_waits_for_a_dependency_announces_nothing() -> None:
    """Commands go to who can do them now."""
    shop, mended, paused = Shop(), asyncio.Event(), asyncio.Event()
    shop.bench.listener.on_note = paused.set

    @shop.bench.service.on("Bake")
    async def bake(_command: Bake, _context: Context) -> None:
        if not mended.is_set():
            raise DependencyDown("the oven is cold")

    async with shop.running():
        await shop.beats(3)
        await shop.bench.send(number=1)
        await paused.wait()
        silent_since = len(shop.register.said)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(shop.register.said) <= silent_since + 1
        mended.set()
        await shop.beats(3)
