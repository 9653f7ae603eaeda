"""How long a command takes at a steady rate, and how long a reload holds it up."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.load import broker_of, event, until
from benchmarks.subjects import running, subject
from benchmarks.throughput import COMMANDS_PER_EVENT
from benchmarks.workloads import thousand_rules_over_thousand_types, two_commands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from benchmarks.subjects import Subject
    from benchmarks.workloads import Workload
    from orchestrator.adapters.rabbit.broker import RabbitBroker

RELOAD_SECONDS = 4.0


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the publish of an event to the arrival of its last command."""

    p50: float
    p99: float


@dataclass
class Flow:
    """A subject at work: what was published when, and what arrived when."""

    broker: RabbitBroker
    published: dict[str, float] = field(default_factory=dict)
    last_arrival: dict[str, float] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)

    async def publish(self, first: int, events: int, per_second: float) -> None:
        """Publish events at a steady rate, from number `first` on."""
        start = time.perf_counter()
        async with asyncio.TaskGroup() as publishing:
            for index in range(events):
                due = start + index / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                number = first + index
                self.published[f"C-{number}"] = time.perf_counter()
                publishing.create_task(self.broker.publish([event(number)]))

    async def listen(self, queue: str) -> None:
        """Note what arrives, until cancelled."""
        async with self.broker.subscribe(queue, 1000) as subscription:
            while True:
                deliveries = await subscription.receive(1000)
                moment = time.perf_counter()
                for delivery in deliveries:
                    self.last_arrival[delivery.correlation_id or ""] = moment
                    self.arrivals.append(moment)
                await subscription.acknowledge(deliveries[-1])

    @property
    def complete(self) -> bool:
        """Whether every command has arrived."""
        return len(self.arrivals) >= COMMANDS_PER_EVENT * len(self.published)


@asynccontextmanager
async def flowing(
    name: str, workload: Workload, *, log: bool
) -> AsyncIterator[tuple[Flow, Subject]]:
    """Run a subject that has reacted to its first event; wait for all commands at the end."""
    async with (
        subject(name, workload, log=log) as (found, _),
        broker_of(found) as broker,
    ):
        flow = Flow(broker)
        with running(found) as process:
            async with asyncio.TaskGroup() as listening:
                tasks = [listening.create_task(flow.listen(queue)) for queue in found.outputs]
                await flow.publish(10**9, 1, 1)
                await until(process, lambda: flow.complete)
                yield flow, found
                await until(process, lambda: flow.complete)
                for task in tasks:
                    task.cancel()


async def latency(
    name: str, *, per_second: int, seconds: float, log: bool, say: Callable[[str], None]
) -> Latency:
    """Publish at a steady rate and take each event's time; the first tenth warms up."""
    events = int(per_second * seconds)
    async with flowing(name, two_commands(), log=log) as (flow, _):
        say(f"{name}: {per_second} events/s for {seconds:g} s")
        await flow.publish(0, events, per_second)
    keys = [f"C-{number}" for number in range(events // 10, events)]
    times = [1000 * (flow.last_arrival[key] - flow.published[key]) for key in keys]
    percentiles = statistics.quantiles(times, n=100)
    say(f"{name}: p50 {percentiles[49]:.2f} ms, p99 {percentiles[98]:.2f} ms")
    return Latency(percentiles[49], percentiles[98])


async def reload_pause_ms(*, per_second: int, say: Callable[[str], None]) -> float:
    """Return the longest time without a command while 1,000 rules are reloaded under load."""
    workload = thousand_rules_over_thousand_types()
    async with flowing("orchestrator", workload, log=False) as (flow, found):
        say(f"reload of 1,000 rules at {per_second} events/s")
        publishing = asyncio.create_task(
            flow.publish(0, int(2 * RELOAD_SECONDS * per_second), per_second)
        )
        await asyncio.sleep(RELOAD_SECONDS / 2)
        begun = time.perf_counter()
        changed = replace(workload, rules=workload.rules.replace("amount >", "amount >="))
        changed.rewrite_rules(Path(found.settings.rules))
        await publishing
    moments = [at for at in flow.arrivals if begun <= at <= begun + RELOAD_SECONDS]
    pause = 1000 * max(after - before for before, after in pairwise(moments))
    say(f"longest pause {pause:.0f} ms")
    return pause
