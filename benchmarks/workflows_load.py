"""A number of cases that is always open: each that ends lets another begin. Knows no subject."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.load import START_SECONDS, batched, broker_of
from benchmarks.report import say
from benchmarks.subjects import Process, running, subject
from benchmarks.workflows_work import requested
from benchmarks.workloads import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.subjects import Subject
    from benchmarks.workloads import Workload
    from orchestrator.adapters.rabbit.broker import RabbitBroker

CHUNK = 250
SAY_SECONDS = 2.0


@dataclass(frozen=True)
class Rate:
    """How fast a subject brought cases to their end.

    Attributes:
        per_second: cases.
        cpu_us: CPU of the subject per case.
        echo_cpu_us: that of whoever answers.
    """

    per_second: float
    cpu_us: float
    echo_cpu_us: float


@dataclass
class Cases:
    """Keeps so many cases open, and counts those that ended.

    Attributes:
        broker: where cases begin and end.
        begun: how many were begun.
        ended: how many have ended, each once.
    """

    broker: RabbitBroker
    begun: int = 0
    ended: set[str] = field(default_factory=set)

    async def begin(self, number: int) -> None:
        """Begin so many."""
        numbers = range(self.begun, self.begun + number)
        self.begun += number
        for chunk in batched(numbers, CHUNK):
            await self.broker.publish([requested(each) for each in chunk])

    async def listen(self, queue: str, total: int) -> None:
        """Note the cases that end, and begin as many others, until `total` have ended."""
        async with self.broker.subscribe(queue, 2000) as subscription:
            while len(self.ended) < total:
                deliveries = await subscription.receive(1000)
                before = len(self.ended)
                self.ended.update(each.correlation_id or "" for each in deliveries)
                if before:  # the first one is alone
                    await self.begin(max(0, min(len(self.ended) - before, total - self.begun)))
                await subscription.acknowledge(deliveries[-1])


@contextmanager
def echo(found: Subject) -> Iterator[Process]:
    """Run whoever answers commands, in a process of its own, for the time of the block."""
    argv = [sys.executable, "-m", "benchmarks.workflows_echo", found.outputs[0]]
    process = subprocess.Popen(argv, env=found.environment, cwd=ROOT)
    try:
        yield Process(process)
    finally:
        process.kill()
        process.wait()


async def closed_loop(name: str, workload: Workload, concurrent: int, total: int) -> Rate:
    """Bring `total` cases to their end, `concurrent` at a time.

    The clock runs from the first to the last of them: they move in waves, of which no part stands
    for the whole. One case alone shows before that the subject is awake.
    """
    async with (
        subject(name, workload, log=False) as (found, _),
        broker_of(found) as broker,
    ):
        cases = Cases(broker)
        with echo(found) as answering, running(found) as process:
            watch = Watch(f"{name}, {concurrent:,} at a time", cases, process)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(cases.listen(found.outputs[1], total + 1))
                await cases.begin(1)
                await watch.reach(1)
                started = time.perf_counter()
                cpu, echoed = process.cpu_seconds(), answering.cpu_seconds()
                await cases.begin(concurrent)
                await watch.reach(total + 1)
                seconds = time.perf_counter() - started
                cpu, echoed = process.cpu_seconds() - cpu, answering.cpu_seconds() - echoed
    say(f"{name}, {concurrent:,} at a time: {total / seconds:,.0f}/s")
    return Rate(total / seconds, 1e6 * cpu / total, 1e6 * echoed / total)


@dataclass
class Watch:
    """Waits until so many cases have ended, and says how many have."""

    name: str
    cases: Cases
    process: Process
    _said: float = 0.0

    async def reach(self, number: int) -> None:
        """Wait until so many have ended.

        Raises:
            TimeoutError: none has for long.
        """
        best, deadline = -1, 0.0
        while True:
            self.process.check()
            moment, ended = time.perf_counter(), len(self.cases.ended)
            if ended >= number:
                return
            if ended > best:
                best, deadline = ended, moment + START_SECONDS
            if moment > deadline:
                raise TimeoutError(f"{self.name}: it stands still at {ended} of {number}")
            if moment > self._said + SAY_SECONDS:
                self._said = moment
                say(f"{self.name}: {ended:,}")
            await asyncio.sleep(0.01)
