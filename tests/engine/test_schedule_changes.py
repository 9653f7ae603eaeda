"""What becomes of a pending tick when rules change, replicas differ or start again."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.schedule import Cron, Periodic
from orchestrator.core.scheduled import PUNCTUAL
from orchestrator.engine.orders import cancel_timer, carry_out
from tests.engine.definitions import Reminder, rule
from tests.engine.interference import Gate
from tests.engine.messages import filed
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
    sent,
    work_off,
)
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from tests.engine.conftest import NewStore


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
    this.clock.moment += SECOND
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
