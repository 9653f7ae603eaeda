"""Schedules: armed by every replica, and run once, whatever is killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.scheduled import PUNCTUAL, ScheduledRule
from orchestrator.engine.orders import cancel, cancel_timer, carry_out
from orchestrator.errors import ExpressionError
from tests.engine.definitions import HERE, rule
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import filed, redriven
from tests.engine.timetable import (
    AT,
    HOUR,
    SECOND,
    TEN,
    arm,
    armed,
    beside,
    hourly,
    next_due,
    restore,
    sent,
    work_off,
)
from tests.engine.world import NOW, World, prove

if TYPE_CHECKING:
    from orchestrator.core.scheduled import CatchUp
    from orchestrator.engine.orders import Order
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life


async def test_a_schedule_ticks_at_its_time_and_not_before(new_store: NewStore) -> None:
    """And goes on doing so: every tick sets the next one."""
    this = await armed(new_store(), hourly())
    this.clock.moment = TEN - timedelta(milliseconds=1)
    assert await this.fire() == 0
    for _ in range(3):
        this.clock.moment += HOUR
        await this.fire()
    assert sent(this) == ["Copy 10", "Copy 11", "Copy 12", "Digest 10", "Digest 11", "Digest 12"]


async def test_replicas_that_see_the_same_tick_run_it_once(new_store: NewStore) -> None:
    """All of them arm and poll; whoever publishes a run, it has the ids of the one commit."""
    this = World(new_store(), hourly())
    replicas = [this, *[await beside(this, hourly()) for _ in range(2)]]
    await asyncio.gather(*(arm(replica) for replica in replicas))
    for _ in range(3):
        this.clock.moment += HOUR
        await asyncio.gather(*(replica.fire() for replica in replicas))
    assert Counter(line.split()[0] for line in sent(this)) == {"Digest": 3, "Copy": 3}


def crashing(new_store: NewStore, catch_up: CatchUp, expected: list[str]) -> Life:
    """Return a life that arms and runs what was missed in three hours, and another behind it."""

    async def live(fuse: Fuse) -> list[str]:
        this = World(new_store(), hourly(catch_up))
        with survived():
            await arm(this, between=fuse)
            this.clock.moment = NOW + 3 * HOUR + 2 * PUNCTUAL
            while await this.fire(fuse):
                pass
        this.clock.moment = NOW
        await arm(this)
        this.clock.moment = NOW + 3 * HOUR + 2 * PUNCTUAL
        await work_off(this)
        found = {"sent": sent(this), "in the outbox": await this.store.outbox_size()}
        return [] if found == {"sent": expected, "in the outbox": 0} else [str(found)]

    return live


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("all", ["Copy 10", "Copy 11", "Copy 12", "Digest 10", "Digest 11", "Digest 12"]),
        ("last", ["Copy 12", "Digest 12"]),
        ("none", []),
    ],
)
async def test_no_crash_point_loses_or_doubles_a_tick(
    new_store: NewStore, catch_up: CatchUp, expected: list[str]
) -> None:
    """Killed while it is armed, run, or sent: each run goes out under the ids of the first try."""
    crashes = await crash_everywhere(crashing(new_store, catch_up, expected))
    assert crashes.problems == []
    assert crashes.at >= {"load", "commit", "due"}
    assert crashes.calls >= 6  # load, commit; due, load, commit, publish, settle


class Forgetful(MemoryStore):
    """Wrong: removes due timers when they are looked at, before anything is committed."""

    async def due(self, *arguments: Any) -> Any:
        timers = await super().due(*arguments)
        for timer in timers:
            self._timers.pop(timer.at)
            self._instances.pop(timer.at)
        return timers


async def test_the_suite_notices_ticks_that_are_taken_before_the_commit() -> None:
    """Negative control: that is how a job runner loses them."""
    wrong = crashing(Forgetful, "last", ["Copy 12", "Digest 12"])
    assert (await crash_everywhere(wrong)).problems


async def test_a_schedule_that_was_dropped_comes_back(new_store: NewStore) -> None:
    """By a replica that did not know the rule yet, or by mistake; nobody has to reload for it."""
    this = await armed(new_store(), hourly())
    stranger = await beside(this)
    this.clock.moment = TEN
    await stranger.fire()
    assert await next_due(this) is None
    await restore(this)
    assert await next_due(this) == TEN + HOUR


@pytest.mark.parametrize("order", [cancel, cancel_timer])
async def test_a_schedule_that_was_cancelled_comes_back(new_store: NewStore, order: Order) -> None:
    """Its file says that it runs; without a timer it would look as if it waited."""
    this = await armed(new_store(), hourly())
    assert await carry_out(this.store, order, [AT], this.clock.now()) == []
    assert await next_due(this) is None
    this.clock.moment += SECOND
    await restore(this)
    assert await next_due(this) == TEN


async def test_restoring_touches_no_schedule_that_is_set(new_store: NewStore) -> None:
    """It is done all the time: a tick that is overdue stays, and nothing is written."""
    this = await armed(new_store(), hourly())
    (before,) = await this.store.load([AT])
    this.clock.moment = TEN + 2 * HOUR
    await restore(this)
    assert await this.store.load([AT]) == [before]
    assert await next_due(this) == TEN


async def test_a_tick_waits_for_the_events_that_came_before_it(new_store: NewStore) -> None:
    """A digest of the week has all events of the week behind it."""
    this = await armed(new_store(), hourly())
    this.clock.moment = TEN
    timekeeper, engine, _ = this.timekeeper()
    prove(engine, TEN - SECOND)
    assert await timekeeper.fire_due() == 0


class Failing(ScheduledRule):
    """A schedule whose expression fails at ten."""

    def _take(self, tick: datetime, *arguments: Any) -> Any:
        if tick == TEN:
            raise ExpressionError("no field named amount")
        return super()._take(tick, *arguments)


async def test_a_tick_that_fails_is_a_dead_letter_and_the_next_one_comes(
    new_store: NewStore,
) -> None:
    """A rule that broke once must not stay silent for ever after."""
    good = hourly()
    broken = Failing("digest", "r1", "", good.schedule, "all", good.actions, HERE)
    this = await armed(new_store(), broken)
    this.clock.moment = NOW + 3 * HOUR
    await work_off(this)
    (letter,) = this.dead_letters
    assert letter.type == "orchestrator.tick"
    assert letter.correlation_id == "digest@2026-03-01T10:00:00Z"
    assert letter.headers["x-error"] == "no field named amount"
    assert sent(this) == ["Copy 11", "Copy 12", "Digest 11", "Digest 12"]
    assert await next_due(this) == NOW + 4 * HOUR


async def failed_tick(new_store: NewStore, good: ScheduledRule) -> World:
    """Return a world in which a tick of a rule failed, and is a dead letter."""
    this = await armed(
        new_store(), Failing("digest", "r1", "", good.schedule, "all", good.actions, HERE)
    )
    this.clock.moment = TEN
    await work_off(this)
    return this


async def test_a_tick_that_failed_is_run_by_a_redrive(new_store: NewStore) -> None:
    """Once the rule is mended: under the ids it would have had, and once."""
    good = hourly()
    this = await failed_tick(new_store, good)
    assert sent(this) == []
    this.rulebook = World(this.store, good).rulebook

    for _ in range(2):
        await this.publish(redriven(this.dead_letters[0]))
        await this.run()

    assert sent(this) == ["Copy 10", "Digest 10"]
    other = await armed(MemoryStore(), good)
    other.clock.moment = TEN
    await other.fire()
    assert [message.id for message in other.sent] == [message.id for message in this.sent]
    assert len(this.dead_letters) == 1


async def test_a_tick_is_kept_that_is_brought_back_before_its_schedule(new_store: NewStore) -> None:
    """Whoever switched the rule off to mend it has two things to put back, in any order."""
    good = hourly()
    this = await failed_tick(new_store, good)
    for rules in ((rule("digest", "Filed", "Send"),), (good,)):
        this.rulebook = World(this.store, *rules).rulebook
        await this.publish(redriven(this.dead_letters[-1]))
        await this.run()

    _, kept = this.dead_letters
    assert "no schedule digest is in force here" in str(kept.headers["x-error"])
    assert sent(this) == ["Copy 10", "Digest 10"]


async def test_a_tick_that_nobody_brought_back_runs_nothing(new_store: NewStore) -> None:
    """The control of the test above: a type is not enough, it must be meant for the rule."""
    this = await armed(new_store(), hourly())
    await this.publish(filed("digest@2026-03-01T09:00:00Z", "C-1", "orchestrator.tick"))
    await this.run()
    assert sent(this) == []
