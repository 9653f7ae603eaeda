"""How fast a subject works off a full queue, and what that costs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.load import POLL_SECONDS, START_SECONDS, broker_of, event, fill
from benchmarks.subjects import running, subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.subjects import Process, Subject
    from benchmarks.workloads import Workload
    from orchestrator.adapters.rabbit.administration import Administration

COMMANDS_PER_EVENT = 2
WARM_UP_SHARE = 0.1


@dataclass(frozen=True)
class Throughput:
    """How a subject worked off a full queue."""

    per_second: float
    cpu_us: float
    peak_rss_mb: float


async def throughput(
    name: str, workload: Workload, events: int, *, log: bool, say: Callable[[str], None]
) -> Throughput:
    """Fill the queue with `events`, start the subject, and time the middle of its work."""
    async with (
        subject(name, workload, log=log) as (found, administration),
        broker_of(found) as broker,
    ):
        say(f"{name}: publishing {events} events")
        await fill(broker, map(event, range(events)))
        with running(found) as process:
            watch = Stopwatch(found, administration, process, say)
            end = COMMANDS_PER_EVENT * events
            return await watch.between(int(WARM_UP_SHARE * end), end, COMMANDS_PER_EVENT)


@dataclass(frozen=True)
class Stopwatch:
    """Watches the commands of a subject arrive."""

    found: Subject
    administration: Administration
    process: Process
    say: Callable[[str], None]

    async def between(self, begin: int, end: int, commands_each: int) -> Throughput:
        """Return rate and cost per unit of work, from one number of commands to another.

        Args:
            begin: commands that have arrived when the time starts to count.
            end: when it stops.
            commands_each: how many commands a unit of work leads to.
        """
        name = self.found.name
        first = await self.reach(begin)
        cpu = self.process.cpu_seconds()
        last = await self.reach(end, lambda count: self.say(f"{name}: {count // commands_each}"))
        cpu = self.process.cpu_seconds() - cpu
        done = (last[1] - first[1]) / commands_each
        rate = done / (last[0] - first[0])
        self.say(f"{name}: {rate:,.0f}/s")
        return Throughput(rate, 1e6 * cpu / done, self.process.peak_rss_mb())

    async def reach(
        self, commands: int, tell: Callable[[int], None] | None = None
    ) -> tuple[float, int]:
        """Wait for so many commands; return the moment and their number.

        Raises:
            TimeoutError: none has come for long.
        """
        deadline, best = time.perf_counter() + START_SECONDS, 0
        while True:
            self.process.check()
            count = await self.commands()
            moment = time.perf_counter()
            if count >= commands:
                return moment, count
            if count > best:
                deadline, best = moment + START_SECONDS, count
            if moment > deadline:
                raise TimeoutError(f"{self.found.name} stands still at {count} of {commands}")
            if tell:
                tell(count)
            await asyncio.sleep(POLL_SECONDS)

    async def commands(self) -> int:
        """Return how many commands have arrived."""
        statuses = [await self.administration.status(queue) for queue in self.found.outputs]
        return sum(status.messages for status in statuses if status)
