"""A rule that ticks every hour, in the small world of engine tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.core.schedule import Periodic
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.engine.arming import Arming
from orchestrator.ports import InstanceKey
from tests.engine.definitions import HERE, rule
from tests.engine.interference import Meddled
from tests.engine.messages import distinct
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from orchestrator.core.scheduled import CatchUp
    from orchestrator.ports import Store
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


async def restore(this: World) -> None:
    """Do what a daemon does now and then."""
    engine, _ = this.engine()
    await Arming(this.store, this.clock, engine._patience).restore(this.rulebook)  # noqa: SLF001


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
    bodies = [orjson.loads(message.body) for message in distinct(this.sent)]
    return sorted(f"{body['type']} {body['data']['scheduled_at'][11:13]}" for body in bodies)


async def next_due(this: World) -> datetime | None:
    """When the schedule ticks next; None when it never does."""
    timers = await this.store.due(datetime(9999, 1, 1, tzinfo=UTC), 10)
    return next((timer.due for timer in timers if timer.at == AT), None)
