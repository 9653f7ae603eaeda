"""How fast a subject works off a full queue, and what that costs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.load import POLL_SECONDS, START_SECONDS, broker_of, fill
from benchmarks.subjects import running, subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.subjects import Definitions, Process, Subject
    from orchestrator.adapters.rabbit.administration import Administration

WARM_UP_SHARE = 0.1


@dataclass(frozen=True)
class Throughput:
    """How a subject worked off a full queue."""

    events_per_second: float
    cpu_us_per_event: float
    peak_rss_mb: float


async def throughput(
    name: str,
    events: int,
    *,
    log: bool,
    say: Callable[[str], None],
    definitions: Definitions | None = None,
) -> Throughput:
    """Fill the queue with `events`, start the subject, and time the middle of its work."""
    async with (
        subject(name, log=log, definitions=definitions) as (found, administration),
        broker_of(found) as broker,
    ):
        say(f"{name}: publishing {events} events")
        await fill(broker, events)
        with running(found) as process:
            begin, end = int(2 * events * WARM_UP_SHARE), 2 * events
            first = await _reach(found, administration, process, begin)
            cpu = process.cpu_seconds()
            last = await _reach(found, administration, process, end, say)
            cpu = process.cpu_seconds() - cpu
            done = (last[1] - first[1]) / 2
            rate = done / (last[0] - first[0])
            say(f"{name}: {rate:,.0f} events/s")
            return Throughput(rate, 1e6 * cpu / done, process.peak_rss_mb())


async def _reach(
    found: Subject,
    administration: Administration,
    process: Process,
    commands: int,
    say: Callable[[str], None] | None = None,
) -> tuple[float, int]:
    """Wait for so many commands; return the moment and their number."""
    deadline, best = time.perf_counter() + START_SECONDS, 0
    while True:
        process.check()
        statuses = [await administration.status(queue) for queue in found.outputs]
        count = sum(status.messages for status in statuses if status)
        moment = time.perf_counter()
        if count >= commands:
            return moment, count
        if count > best:
            deadline, best = moment + START_SECONDS, count
        if moment > deadline:
            raise TimeoutError(f"{found.name} stands still at {count} of {commands} commands")
        if say:
            say(f"{found.name}: {count // 2} events")
        await asyncio.sleep(POLL_SECONDS)
