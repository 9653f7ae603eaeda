"""How long a step takes from the answer to the next command, and what each item of many costs."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import orjson

from benchmarks.load import START_SECONDS, broker_of, until
from benchmarks.report import SUBJECTS, say
from benchmarks.subjects import running, subject
from benchmarks.workflows_handwritten import AFTER
from benchmarks.workflows_load import echo
from benchmarks.workflows_work import COMMANDS, INPUT, for_each, requested, three_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.subjects import Process
    from benchmarks.workloads import Workload
    from orchestrator.adapters.rabbit.broker import RabbitBroker
    from orchestrator.core.event import Delivery

THOUSAND = 1000
OURS = SUBJECTS[-1]
ENDS = {command for command, _ in AFTER.values()}


def observed(workload: Workload) -> Workload:
    """Return a workload of which copies of all events and commands can be seen."""
    seen = {"seen-events": INPUT, "seen-commands": COMMANDS}
    return replace(workload, outputs={**workload.outputs, **seen})


@dataclass
class Steps:
    """When events of cases were seen, and when the commands that follow from them.

    Both are copies that the broker gives to this process, so what lies between the two is the
    subject's part and the way of one message.
    """

    milliseconds: list[float] = field(default_factory=list)
    _alone: dict[tuple[str, str], float] = field(default_factory=dict)

    def note(self, deliveries: Sequence[Delivery], moment: float) -> None:
        """Take note of what has just been seen."""
        for each in deliveries:
            kind, key = str(each.type), each.correlation_id or ""
            pair = (AFTER[kind][0] if kind in AFTER else kind, key)
            other = self._alone.pop(pair, None)
            if other is None:
                self._alone[pair] = moment
            elif kind in ENDS:
                self.milliseconds.append(1000 * (moment - other))
            else:  # the command was seen before the event that led to it
                self.milliseconds.append(0.0)


async def listen(
    broker: RabbitBroker, queue: str, note: Callable[[Sequence[Delivery], float], None]
) -> None:
    """Note what arrives in a queue, until cancelled."""
    async with broker.subscribe(queue, 2000) as subscription:
        while True:
            deliveries = await subscription.receive(THOUSAND)
            note(deliveries, time.perf_counter())
            await subscription.acknowledge(deliveries[-1])


async def transitions(name: str, per_second: int, seconds: float) -> dict[str, object]:
    """Begin cases at a steady rate; return how long steps take. The first tenth warms up.

    Of the daemon, what passes inside it is noted too, by itself: see `benchmarks.inside`.
    """
    with tempfile.NamedTemporaryFile() as notes:
        inside = [sys.executable, "-m", "benchmarks.inside", notes.name]
        steps = await _observe(name, per_second, seconds, inside if name == OURS else ())
        figures: dict[str, object] = {"observed": _tail(steps.milliseconds)}
        if name == OURS:
            figures["inside"] = _tail(orjson.loads(notes.read()))
    say(f"{name}: {figures}")
    return figures


def _tail(milliseconds: Sequence[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(milliseconds[len(milliseconds) // 10 :], n=100)
    return {"p50": percentiles[49], "p99": percentiles[98]}


async def _observe(name: str, per_second: int, seconds: float, command: Sequence[str]) -> Steps:
    number = int(per_second * seconds)
    steps = Steps()
    async with (
        subject(name, observed(three_steps()), log=False) as (found, _),
        broker_of(found) as broker,
    ):
        with echo(found), running(found, command) as process:
            async with asyncio.TaskGroup() as tasks:
                queues = found.outputs[1:]
                listening = [tasks.create_task(listen(broker, q, steps.note)) for q in queues]
                await broker.publish([requested(10**7)])
                await until(process, lambda: len(steps.milliseconds) == len(AFTER))
                say(f"{name}: {per_second} cases/s for {seconds:g} s")
                await _publish(broker, number, per_second)
                total = len(AFTER) * (number + 1)
                await until(process, lambda: len(steps.milliseconds) == total)
                for task in listening:
                    task.cancel()
    return steps


async def _publish(broker: RabbitBroker, number: int, per_second: int) -> None:
    start = time.perf_counter()
    async with asyncio.TaskGroup() as publishing:
        for index in range(number):
            due = start + index / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            publishing.create_task(broker.publish([requested(index)]))


@dataclass
class Items:
    """How many commands of a for-each were seen, and what the daemon had spent at each thousand."""

    process: Process
    count: int = 0
    marks: list[tuple[int, float, float]] = field(default_factory=list)

    def note(self, deliveries: Sequence[Delivery], moment: float) -> None:
        """Take note of what has just been seen."""
        before = self.count
        self.count += len(deliveries)
        if not before or before // THOUSAND < self.count // THOUSAND:
            self.marks.append((self.count, moment, self.process.cpu_seconds()))
            say(f"items: {self.count:,}")

    def costs(self) -> list[tuple[float, float]]:
        """Return microseconds of time and of CPU per item, thousand after thousand."""
        pairs = zip(self.marks, self.marks[1:], strict=False)
        return [
            (1e6 * (later[1] - one[1]) / number, 1e6 * (later[2] - one[2]) / number)
            for one, later in pairs
            if (number := later[0] - one[0])
        ]


async def items(number: int) -> dict[str, object]:
    """Let one case send a command per item; return what the first and last thousand cost."""
    async with (
        subject("orchestrator", observed(for_each()), log=False) as (found, administration),
        broker_of(found) as broker,
    ):
        with echo(found), running(found) as process:
            counted = Items(process)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listen(broker, found.outputs[-1], counted.note))
                await broker.publish([requested(0, items=number)])
                deadline = time.perf_counter() + 3 * START_SECONDS
                while True:
                    process.check()
                    status = await administration.status(found.outputs[1])
                    if status and status.messages:
                        break
                    if time.perf_counter() > deadline:
                        raise TimeoutError(f"{counted.count} of {number} items were begun")
                    await asyncio.sleep(0.05)
                listening.cancel()
    costs = counted.costs()
    first, last = costs[0], costs[-1]
    return {
        "items": counted.count,
        "us_per_item": {"first_thousand": first[0], "last_thousand": last[0]},
        "cpu_us_per_item": {"first_thousand": first[1], "last_thousand": last[1]},
        "last_to_first": last[0] / first[0],
        "last_to_first_cpu": last[1] / first[1],
    }
