"""Schedules: armed by every replica, run once whatever is killed; they end with their rule."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.deadletter import read, revival
from orchestrator.core.event import Delivery
from orchestrator.core.schedule import Cron, Periodic
from orchestrator.core.scheduled import PUNCTUAL, ScheduledRule
from orchestrator.engine.arming import Arming
from orchestrator.engine.orders import cancel_timer, carry_out
from orchestrator.errors import ExpressionError
from orchestrator.ports import InstanceKey
from tests.engine.interference import CrashedError, Fuse, Gate, Meddled
from tests.engine.world import HERE, NOW, QUEUE, Reminder, World, filed, rule

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from orchestrator.core.scheduled import CatchUp
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Interference

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
TEN = NOW + HOUR
AT = InstanceKey("digest", "digest")


def hourly(catch_up: CatchUp = "last", *commands: str, **changes: Any) -> ScheduledRule:
    """A rule that sends ``Digest`` and ``Copy`` at every full hour; `NOW` is 9:00."""
    actions = rule("digest", "Filed", *(commands or ("Digest", "Copy"))).actions
    made = ScheduledRule("digest", "r1", "", Periodic(HOUR), catch_up, actions, HERE)
    return replace(made, **changes)


async def arm(
    this: World, before: World | None = None, between: Interference | None = None
) -> None:
    """Do what a daemon does at start, or once it has swapped the rules of `before`."""
    engine, _ = this.engine()
    store: Any = Meddled(this.store, between) if between else this.store
    arming = Arming(store, this.clock, engine._patience)  # noqa: SLF001 - they share it
    await arming.arm(this.rulebook, before.rulebook if before else None)


async def armed(store: Store, *definitions: Any) -> World:
    """A world whose schedules were set at `NOW`."""
    this = World(store, *definitions)
    await arm(this)
    return this


async def beside(this: World, *definitions: Any) -> World:
    """Another replica on the same services and at the same time, with rules of its own."""
    other = World(this.store, *definitions)
    other.broker, other.clock = this.broker, this.clock
    return other


async def work_off(this: World) -> None:
    """Fire until nothing is due, and publish what dead processes left in the outbox."""
    while await this.fire():
        pass
    async for entry in this.store.outbox(this.clock.now() + timedelta(days=1)):
        await this.broker.publish(entry.messages)
        await this.store.settle([entry.settlement])


def sent(this: World) -> list[str]:
    """What was sent for which hour, each id once."""
    once = {message.id: message for message in this.sent}
    bodies = [orjson.loads(message.body) for message in once.values()]
    return sorted(f"{body['type']} {body['data']['scheduled_at'][11:13]}" for body in bodies)


async def next_due(this: World) -> datetime | None:
    """When the schedule ticks next; None when it never does."""
    timers = await this.store.due(datetime(9999, 1, 1, tzinfo=UTC), 10)
    return next((timer.due for timer in timers if timer.at == AT), None)


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


async def crash_everywhere(
    new_store: NewStore, catch_up: CatchUp, expected: list[str]
) -> tuple[int, list[str]]:
    """Arm, and run what was missed in three hours, with a crash at every outside call."""
    problems = []
    for calls in range(200):
        for after in (False, True):
            this = World(new_store(), hourly(catch_up))
            fuse = Fuse(calls, after=after)
            try:
                await arm(this, between=fuse)
                this.clock.moment = NOW + 3 * HOUR + 2 * PUNCTUAL
                while await this.fire(fuse):
                    pass
            except* CrashedError:
                pass
            this.clock.moment = NOW
            await arm(this)
            this.clock.moment = NOW + 3 * HOUR + 2 * PUNCTUAL
            await work_off(this)
            if sent(this) != expected or await this.store.outbox_size():
                problems.append(f"{'after' if after else 'before'} call {calls}: {sent(this)}")
            if not fuse.blown:
                return calls, problems
    raise AssertionError("firing makes calls without end")


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
    points, problems = await crash_everywhere(new_store, catch_up, expected)
    assert problems == []
    assert points >= 6  # load, commit; due, load, commit, publish, settle


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
    _, problems = await crash_everywhere(Forgetful, "last", ["Copy 12", "Digest 12"])
    assert problems


async def test_a_tick_waits_for_the_events_that_came_before_it(new_store: NewStore) -> None:
    """A digest of the week has all events of the week behind it."""
    this = await armed(new_store(), hourly())
    this.clock.moment = TEN
    timekeeper, engine, _ = this.timekeeper()
    engine.backlog.decided(TEN - SECOND, this.clock.now())
    assert await timekeeper.fire_due() == 0


async def test_a_restart_keeps_a_tick_that_is_overdue(new_store: NewStore) -> None:
    """To start again is how downtime ends: it must not skip what was missed."""
    this = await armed(new_store(), hourly())
    this.clock.moment = NOW + 3 * HOUR + 2 * PUNCTUAL
    await arm(await beside(this, hourly()))
    await work_off(this)
    assert sent(this) == ["Copy 12", "Digest 12"]


async def test_a_restart_sets_a_timer_again_that_was_cancelled(new_store: NewStore) -> None:
    """A schedule that is written in a file runs: to stop it, the file is the place."""
    this = await armed(new_store(), hourly())
    assert await carry_out(this.store, cancel_timer, [AT], this.clock.now()) == []
    assert await next_due(this) is None
    await arm(this)
    assert await next_due(this) == TEN


async def test_a_change_of_the_rest_keeps_the_tick(new_store: NewStore) -> None:
    """What is sent is what the rule says when it ticks."""
    this = await armed(new_store(), hourly())
    this.clock.moment = TEN - SECOND
    changed = await beside(this, hourly("last", "Letter", revision="r2"))
    await arm(changed, this)
    this.clock.moment = TEN
    await changed.fire()
    assert sent(this) == ["Letter 10"]


async def test_a_change_of_the_schedule_sets_its_next_tick(new_store: NewStore) -> None:
    """The old one has ended; what it would have sent is sent no more."""
    this = await armed(new_store(), hourly())
    changed = await beside(this, hourly(schedule=Cron.parse("30 10 * * *", UTC, "UTC")))
    await arm(changed, this)
    this.clock.moment = TEN
    assert await changed.fire() == 0
    assert await next_due(this) == TEN + HOUR / 2


async def test_a_change_is_not_lost_to_a_tick_at_the_same_moment(new_store: NewStore) -> None:
    """The tick was faster: what it has set is looked at again."""
    this = await armed(new_store(), hourly())
    this.clock.moment = TEN
    changed = await beside(this, hourly(schedule=Periodic(6 * HOUR)))
    gate = Gate("commit")
    arming = asyncio.create_task(arm(changed, this, between=gate))
    await gate.reached_by(1)
    await this.fire()
    gate.open()
    await arming
    assert await next_due(this) == NOW + 3 * HOUR


async def test_a_replica_with_older_rules_leaves_the_tick_to_a_newer_one(
    new_store: NewStore,
) -> None:
    """During a rollout both run; the newer one has set the timer."""
    older = await armed(new_store(), hourly())
    newer = await beside(older, hourly("last", "Letter", schedule=Periodic(2 * HOUR)))
    await arm(newer)
    older.clock.moment = TEN
    await older.fire()
    assert sent(older) == []
    older.clock.moment += 5 * SECOND
    await newer.fire()
    assert sent(older) == ["Letter 10"]


@pytest.mark.parametrize("others", [(), (rule("digest", "Filed", "Send"),), (Reminder("digest"),)])
async def test_a_schedule_ends_with_its_rule(new_store: NewStore, others: tuple[Any, ...]) -> None:
    """Removed, switched off, or another kind of rule now: at once, and for good."""
    this = await armed(new_store(), hourly())
    changed = await beside(this, *others)
    await arm(changed, this)
    assert await this.store.load([AT]) == [None]
    assert await next_due(this) is None


@pytest.mark.parametrize("others", [(), (rule("digest", "Filed", "Send"),), (Reminder("digest"),)])
async def test_a_rule_that_went_while_nobody_ran_ends_at_its_timer(
    new_store: NewStore, others: tuple[Any, ...]
) -> None:
    """At the latest: nobody knows at start what there was before."""
    this = await armed(new_store(), hourly())
    changed = await beside(this, *others)
    await arm(changed)
    this.clock.moment = TEN
    await changed.fire()
    assert sent(this) == []
    assert await this.store.load([AT]) == [None]


async def test_what_another_rule_of_that_name_remembers_is_left_alone(
    new_store: NewStore,
) -> None:
    """A case may be called what a rule is called."""
    this = World(new_store(), Reminder("digest"))
    await this.publish(filed("e-1", "digest"))
    await this.run()
    await arm(this, await beside(this, hourly()))
    assert await this.store.load([AT]) != [None]


class Failing(ScheduledRule):
    """A schedule whose expression fails at ten."""

    def _take(self, tick: datetime, elapsed: Any) -> Any:
        if tick == TEN:
            raise ExpressionError("no field named amount")
        return super()._take(tick, elapsed)


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


def redriven(letter: Message) -> Message:
    """What `dlq redrive` sends for a dead letter."""
    found = Delivery(letter.body, routing_key=letter.routing_key, headers=letter.headers)
    return revival(read(found, letter.routing_key), QUEUE)


async def test_a_tick_that_failed_is_run_by_a_redrive(new_store: NewStore) -> None:
    """Once the rule is mended: under the ids it would have had, and once."""
    good = hourly()
    broken = Failing("digest", "r1", "", good.schedule, "all", good.actions, HERE)
    this = await armed(new_store(), broken)
    this.clock.moment = TEN
    await work_off(this)
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


async def test_a_tick_that_nobody_brought_back_runs_nothing(new_store: NewStore) -> None:
    """The control of the test above: a type is not enough, it must be meant for the rule."""
    this = await armed(new_store(), hourly())
    await this.publish(filed("digest@2026-03-01T09:00:00Z", "C-1", "orchestrator.tick"))
    await this.run()
    assert sent(this) == []
