"""The process dies before or after each of its outside calls; nothing is lost or contradicted.

Each wrong order of steps is tried too: a test that could not tell it from the right one would
prove nothing.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.inbox import MemoryInbox
from orchestrator.service import Context, Service, session
from orchestrator.service.settler import Settler
from tests.unit.service.mortality import Killed, Life, MortalBroker, MortalInbox
from tests.unit.service.workbench import Bake, Baked, Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.service.inbox import Reply
    from orchestrator.service.settler import Finished

COMMANDS = 3
POINTS = range(30)
"""More than any life here has: the last ones end by themselves."""

RECOVERY_POINTS = range(36)
"""The same for a life that begins with redelivered messages, and notes beginnings and ends."""


class World:
    """Several lives of one service, and what was seen of them from outside.

    Attributes:
        effects: cake -> how often it was baked.
    """

    def __init__(self, concurrency: int, inbox: MemoryInbox) -> None:
        self.bench = bench = Workbench()
        bench.inbox = inbox
        bench.service = Service("bakery", channels=["bakery.v1"], concurrency=concurrency)
        bench.service.on("Bake")(self._bake)
        self.effects = Counter[str]()
        self._life = Life()

    async def live(self, *ends: int) -> list[Life]:
        """Handle `COMMANDS` commands in processes that end at those points, and a last one."""
        for number in range(COMMANDS):
            await self.bench.send(number=number)
        lives = [*(Life(end) for end in ends), Life()]
        for life in lives:
            self._life = life
            with suppress(BaseExceptionGroup, Killed):
                await self._work(life)
        return lives

    async def _work(self, life: Life) -> None:
        bench = self.bench
        bench.listener.reports.clear()
        left = bench.broker.depth("bakery")
        broker, inbox = MortalBroker(bench.broker, life), MortalInbox(bench.inbox, life)
        async with bench.running(broker, inbox, drain_seconds=0.01) as stop:
            await bench.listener.finished(left, stop)

    async def _bake(self, command: Bake, _context: Context) -> Baked:
        await self._life.call("effect", lambda: self._effect(command.cake))
        # The reply depends on the run: two runs that are both heard contradict each other.
        return Baked(cake=f"{command.cake} baked {self.effects[command.cake]} times")

    async def _effect(self, cake: str) -> None:
        self.effects[cake] += 1

    @property
    def answered(self) -> dict[str, set[str]]:
        """Command id -> everything that was ever said in answer to it."""
        answers: dict[str, set[str]] = {}
        for event in self.bench.published:
            answer = f"{event['id']} {event['data']['cake']}"
            answers.setdefault(event["causationid"], set()).add(answer)
        return answers

    @property
    def lost(self) -> bool:
        """Whether a command was never answered."""
        return len(self.answered) < COMMANDS or self.bench.broker.depth("bakery") > 0

    @property
    def contradicted(self) -> bool:
        """Whether a command was answered in two ways."""
        return any(len(answers) > 1 for answers in self.answered.values())


async def worlds(concurrency: int, inbox: type[MemoryInbox] = MemoryInbox) -> list[World]:
    """Return what happens for each crash point."""
    result = []
    for end in POINTS:
        world = World(concurrency, inbox())
        await world.live(end)
        result.append(world)
    return result


@pytest.mark.parametrize("concurrency", [1, COMMANDS])
async def test_no_crash_point_loses_or_contradicts_an_answer(concurrency: int) -> None:
    """Whatever point the process dies at, each command ends with exactly one answer."""
    lived = await worlds(concurrency)

    assert not any(world.lost or world.contradicted for world in lived)
    # Not every life was cut short, so the points do reach past the end.
    assert max(lived[-1].effects.values()) == 1


async def test_a_second_crash_during_the_recovery_changes_nothing() -> None:
    """Recovery has its own outside calls, and may die at each of them."""
    for first in POINTS[:16]:
        for second in RECOVERY_POINTS:
            world = World(COMMANDS, MemoryInbox())
            await world.live(first, second)

            assert not world.lost, (first, second)
            assert not world.contradicted, (first, second)


async def test_an_effect_is_repeated_only_if_its_answer_was_not_yet_remembered() -> None:
    """This is the window that the documentation names, and there is no other."""
    for end in POINTS:
        world = World(COMMANDS, MemoryInbox())
        first, _ = await world.live(end)
        repeated = any(count > 1 for count in world.effects.values())

        assert not (repeated and "remember" in first.calls), (end, first.calls)


class AcknowledgesFirst(Settler):
    """Wrong: what is acknowledged does not come again."""

    async def remember(self, batch: Sequence[Finished]) -> None:
        await super().acknowledge(batch)
        await super().remember(batch)

    async def acknowledge(self, batch: Sequence[Finished]) -> None:
        """Acknowledged already."""


class PublishesFirst(Settler):
    """Wrong: what was answered before may be answered differently."""

    async def remember(self, batch: Sequence[Finished]) -> None:
        await super().publish(batch)
        await super().remember(batch)

    async def publish(self, batch: Sequence[Finished]) -> None:
        """Published already."""


class Forgetful(MemoryInbox):
    """Wrong: remembers nothing."""

    async def remember(self, replies: Mapping[str, Reply]) -> None:
        """Forget."""


async def test_acknowledging_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the suite sees an answer lost."""
    monkeypatch.setattr(session, "Settler", AcknowledgesFirst)

    assert any(world.lost for world in await worlds(COMMANDS))


async def test_publishing_before_remembering_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the suite sees two answers to one command."""
    monkeypatch.setattr(session, "Settler", PublishesFirst)

    assert any(world.contradicted for world in await worlds(COMMANDS))


async def test_forgetting_is_caught() -> None:
    """Control: the suite sees what the inbox is for."""
    assert any(world.contradicted for world in await worlds(COMMANDS, Forgetful))
