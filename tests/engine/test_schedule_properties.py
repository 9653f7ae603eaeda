"""Schedules on engines that look when they like, start again and die, compared with a model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.schedule import Periodic
from orchestrator.core.scheduled import ScheduledRule
from tests.engine.definitions import HERE, rule
from tests.engine.interference import Fuse, survived
from tests.engine.mistakes import TakesTimersFirst
from tests.engine.timetable import HOUR, SECOND, arm
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from orchestrator.core.scheduled import CatchUp

MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Look:
    """Time passes, then somebody looks at the timers, perhaps after a start, and may die of it."""

    after: timedelta
    starts: bool
    dies_at: int | None


LOOKS = st.lists(
    st.builds(
        Look,
        st.sampled_from([0, 1, 19, 20, 59, 60, 61, 600, 3599, 3600, 3661, 9000]).map(
            lambda seconds: seconds * SECOND
        ),
        st.booleans(),
        st.none() | st.integers(0, 9),
    ),
    max_size=12,
)


def model(length: timedelta, catch_up: CatchUp, looks: Sequence[Look]) -> set[str]:
    """Which ticks are run: at each look, those since the last one that the rule wants."""
    now = seen = NOW
    run = set()
    for look in looks:
        now += look.after
        new = [NOW + n * length for n in range(1, (now - NOW) // length + 1)]
        new = [tick for tick in new if tick > seen]
        missed = [tick for tick in new if now - tick > MINUTE]
        made_up = {"none": [], "last": missed[-1:], "all": missed}[catch_up]
        run |= {*made_up, *(tick for tick in new if tick not in missed)}
        seen = now
    return {f"{tick:%Y-%m-%dT%H:%M:%SZ}" for tick in run}


class Site:
    """Replicas of one rule on one store, of which one at a time does something."""

    def __init__(self, length: timedelta, catch_up: CatchUp, store: MemoryStore) -> None:
        actions = rule("digest", "Filed", "Digest", "Copy").actions
        rules = ScheduledRule("digest", "r1", "", Periodic(length), catch_up, actions, HERE)
        self.world = World(store, rules)

    async def look(self, look: Look) -> None:
        """Do what `look` says, and let another replica do what is left, at the same moment."""
        self.world.clock.moment += look.after
        fuse = (
            None if look.dies_at is None else Fuse(look.dies_at // 2, after=look.dies_at % 2 == 1)
        )
        with survived():
            if look.starts:
                await arm(self.world, between=fuse)
            await self.world.fire(fuse)
        while await self.world.fire():
            pass

    async def sent(self) -> list[tuple[str, str, str]]:
        """Every message that went out or is still to be sent: type, tick, and its id."""
        messages = list(self.world.sent)
        async for entry in self.world.store.outbox(self.world.clock.now() + HOUR):
            messages += entry.messages
        return [
            (str(m.type), orjson.loads(m.body)["data"]["scheduled_at"], str(m.id)) for m in messages
        ]


async def play(site: Site, looks: Sequence[Look]) -> list[tuple[str, str, str]]:
    await arm(site.world)
    for look in looks:
        await site.look(look)
    return await site.sent()


def problems(
    sent: Sequence[tuple[str, str, str]], expected: set[str]
) -> list[tuple[str, set[str]] | str]:
    """What differs from the model, and what has two ids."""
    found: list[tuple[str, set[str]] | str] = []
    for kind in ("Digest", "Copy"):
        ticks = {tick for name, tick, _ in sent if name == kind}
        if ticks != expected:
            found.append((kind, ticks ^ expected))
    runs = {(name, tick) for name, tick, _ in sent}
    if len(runs) != len({message_id for *_, message_id in sent}):
        found.append("a run under two ids")
    return found


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([20 * SECOND, HOUR]), st.sampled_from(["none", "last", "all"]), LOOKS)
def test_what_is_run_is_what_the_model_runs(
    length: timedelta, catch_up: CatchUp, looks: list[Look]
) -> None:
    """Whoever looks, whenever, and wherever he dies."""
    sent = asyncio.run(play(Site(length, catch_up, MemoryStore()), looks))
    assert problems(sent, model(length, catch_up, looks)) == []


def test_the_model_notices_timers_that_are_taken_before_the_commit() -> None:
    """Negative control: it is the usual way to write it."""
    looks = [Look(HOUR, starts=False, dies_at=3), Look(HOUR, starts=False, dies_at=None)]
    sent = asyncio.run(play(Site(HOUR, "all", TakesTimersFirst()), looks))
    assert problems(sent, model(HOUR, "all", looks))


@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
def test_the_model_notices_another_way_to_catch_up(catch_up: CatchUp) -> None:
    """Negative control: three ways that came to the same would prove nothing."""
    looks = [Look(3 * HOUR + 10 * MINUTE, starts=True, dies_at=None)]
    sent = asyncio.run(play(Site(HOUR, catch_up, MemoryStore()), looks))
    others = {"none", "last", "all"} - {catch_up}
    assert all(problems(sent, model(HOUR, other, looks)) for other in others)  # type: ignore[arg-type]
