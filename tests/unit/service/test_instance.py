"""What an instance says about itself, and when it says nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.memory.register import MemoryRegister
from orchestrator.errors import Unavailable
from orchestrator.service.instance import Instance, Presence
from orchestrator.service.register import BEAT_SECONDS, Announcement
from tests.unit.service.workbench import HeldClock, Listener

if TYPE_CHECKING:
    from collections.abc import Callable

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
