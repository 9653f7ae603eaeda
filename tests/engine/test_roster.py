"""Who lives, from the register to the routing key of a command."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.register import MemoryRegister
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.workflow.definition import Route
from orchestrator.engine.patience import Patience
from orchestrator.engine.roster import Roster
from orchestrator.engine.spine import Spine
from orchestrator.service.register import Announcement
from tests.engine.definitions import rule
from tests.engine.ledger import Ledger
from tests.engine.messages import filed
from tests.engine.world import World, prove
from tests.unit.core.workflow.build import command, step, workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.service.register import Heard

SOME_BEATS = timedelta(seconds=7)


def pumping() -> Any:
    """Return a workflow that asks somebody to pump."""
    work = command("Pump", "Pumped", route=Route("pump", "least_busy"))
    return workflow(step("A", work))


def pump(name: str, in_hand: int = 0) -> Announcement:
    return Announcement("pumps", f"pumps.{name}", "box:1", ("pump",), in_hand, 2)


class City:
    """A world with a register, and somebody who looks at it."""

    def __init__(self, *definitions: Any) -> None:
        self.world = World(MemoryStore(), *definitions)
        self.register = MemoryRegister(self.world.clock)
        patience = Patience(Ledger(enough=0))
        self.roster = Roster(self.register, lambda: self.world.rulebook, patience)

    async def run(self) -> None:
        await self.world.run(**self._looking)

    async def elapse(self) -> None:
        """Fire the timers that are due in some seconds."""
        self.world.clock.moment += SOME_BEATS
        engine, ledger = self.world.engine(**self._looking)
        prove(engine, self.world.clock.now())
        await self.world.beside(engine, ledger).fire_due()

    @property
    def _looking(self) -> dict[str, Any]:
        return {"spine": partial(Spine, roster=self.roster)}

    async def start(self, *keys: str) -> None:
        await self.world.publish(*(filed(f"e-{key}", key, "Started") for key in keys))
        await self.run()

    @property
    def pumped_by(self) -> list[str | None]:
        return [one.routing_key for one in self.world.sent if one.type == "Pump"]


async def test_a_command_goes_to_who_lives() -> None:
    """Nobody else must get it: the key is his alone."""
    city = City(pumping())
    await city.register.announce(pump("a"))
    await city.roster.look()
    await city.start("C-1")
    assert city.pumped_by == ["pumps.a"]


async def test_commands_of_one_look_are_spread() -> None:
    """Both were idle at the last beat: what was sent since counts, or one would get them all."""
    city = City(pumping())
    await city.register.announce(pump("a"))
    await city.register.announce(pump("b"))
    await city.roster.look()
    await city.start(*(f"C-{number}" for number in range(4)))
    await city.roster.look()  # nobody has said anything new
    await city.start("C-5", "C-6")
    assert sorted(map(str, city.pumped_by)) == ["pumps.a"] * 3 + ["pumps.b"] * 3


async def test_a_look_at_an_old_beat_forgets_nothing_that_was_sent_since() -> None:
    """Who was idle at his last beat is not idle any more, be it that nobody else had a command."""
    city = City(pumping())
    await city.register.announce(pump("a"))
    await city.register.announce(pump("b", in_hand=2))
    await city.roster.look()
    await city.start("C-1", "C-2")
    await city.roster.look()
    await city.start("C-3")
    assert city.pumped_by == ["pumps.a", "pumps.a", "pumps.b"]


async def test_the_next_beat_says_how_it_really_is() -> None:
    """An instance counts better than who sends to it."""
    city = City(pumping())
    await city.register.announce(pump("a"))
    await city.register.announce(pump("b", in_hand=1))
    await city.roster.look()
    await city.start("C-1")
    city.world.clock.moment += timedelta(seconds=2)
    await city.register.announce(pump("a", in_hand=4))
    await city.register.announce(pump("b", in_hand=3))
    await city.roster.look()
    await city.start("C-2")
    assert city.pumped_by == ["pumps.a", "pumps.b"]


async def test_a_command_waits_until_somebody_lives() -> None:
    """The workflow is not failed by a service that is being restarted."""
    city = City(pumping())
    await city.register.announce(pump("a"))
    city.world.clock.moment += SOME_BEATS
    await city.roster.look()
    await city.start("C-1")
    assert city.pumped_by == []
    await city.register.announce(pump("b"))
    await city.roster.look()
    await city.elapse()
    assert city.pumped_by == ["pumps.b"]


class Watched(MemoryRegister):
    """Counts who looks at it."""

    looks = 0

    async def living(self) -> Sequence[Heard]:
        self.looks += 1
        return await super().living()


@pytest.mark.parametrize(("routed", "looks"), [(True, 1), (False, 0)])
async def test_without_a_route_nobody_looks(routed: bool, looks: int) -> None:  # noqa: FBT001 - a table
    """Who routes nothing must not pay for it, not even a read."""
    city = City(pumping() if routed else rule("ack", "Filed", "Acknowledge"))
    register = Watched(city.world.clock)
    roster = Roster(register, lambda: city.world.rulebook, Patience(Ledger(enough=0)))
    await roster.look()
    assert (register.looks, roster.directory is not None) == (looks, routed)


async def test_who_stops_to_route_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a reload without routes, an old snapshot would be passed on for ever."""
    city = City(pumping())
    await city.roster.look()
    monkeypatch.setattr(city.world, "rulebook", replace(city.world.rulebook, definitions=()))
    await city.roster.look()
    assert city.roster.directory is None
