"""Publishes realistic events, and measures rate, CPU, memory and latency of a subject."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from benchmarks.subjects import CHANNEL, running, subject
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.event import Message
from orchestrator.topology import Names

if TYPE_CHECKING:
    from benchmarks.subjects import Process, Subject
    from orchestrator.adapters.rabbit.administration import Administration

Say = Callable[[str], None]

POLL_SECONDS = 0.1
WARM_UP_SHARE = 0.1
START_SECONDS = 60.0
CHUNK = 500
DATA = {
    "complainant": {"name": "Ada Sample", "email": "ada@example.org"},
    "category": "overtime-pay",
    "employer": "Example Works",
    "amount": 1200.5,
    "region": "north",
    "description": "Overtime of three months was not paid, despite repeated requests to pay it.",
}


@dataclass(frozen=True)
class Throughput:
    """How a subject worked off a full queue."""

    events_per_second: float
    cpu_us_per_event: float
    peak_rss_mb: float


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the publish of an event to the arrival of its command."""

    p50: float
    p99: float


def event(number: int) -> Message:
    """Return an event as a service publishes it."""
    body = {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "portal",
        "type": "ComplaintFiled",
        "subject": f"C-{number}",
        "time": "2026-03-01T09:00:00Z",
        "datacontenttype": "application/json",
        "correlationid": f"C-{number}",
        "data": DATA,
    }
    return Message(
        exchange=None,
        routing_key=CHANNEL,
        body=orjson.dumps(body),
        id=f"e-{number}",
        type="ComplaintFiled",
        correlation_id=f"C-{number}",
        source="portal",
        time=None,
        content_type="application/cloudevents+json",
        headers={},
    )


def broker_of(found: Subject) -> RabbitBroker:
    """Return a broker client that publishes to the subject's exchange."""
    settings = found.settings
    return RabbitBroker(
        settings.amqp_url.get_secret_value(), Names.of(settings), client="benchmark"
    )


async def throughput(name: str, events: int, *, log: bool, say: Say) -> Throughput:
    """Fill the queue with `events`, start the subject, and time the middle of its work."""
    async with subject(name, log=log) as (found, administration), broker_of(found) as broker:
        say(f"{name}: publishing {events} events")
        for start in range(0, events, CHUNK):
            await broker.publish([event(n) for n in range(start, min(start + CHUNK, events))])
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
    say: Say | None = None,
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


async def latency(name: str, *, per_second: int, seconds: float, log: bool, say: Say) -> Latency:
    """Publish at a steady rate and take the time until each event's last command arrives."""
    events = int(per_second * seconds)
    published: dict[str, float] = {}
    arrived: dict[str, float] = {}
    async with subject(name, log=log) as (found, administration), broker_of(found) as broker:
        with running(found) as process:
            async with asyncio.TaskGroup() as tasks:
                listeners = [
                    tasks.create_task(_listen(broker, queue, arrived)) for queue in found.outputs
                ]
                await broker.publish([event(events)])
                await _until(process, lambda: f"C-{events}" in arrived)
                say(f"{name}: {per_second} events/s for {seconds:g} s")
                await _publish_steadily(broker, events, per_second, published)
                await _until(process, lambda: len(arrived) > events)
                for listener in listeners:
                    listener.cancel()
    del administration
    tail = [1000 * (arrived[key] - moment) for key, moment in published.items()]
    percentiles = statistics.quantiles(tail[len(tail) // 10 :], n=100)
    say(f"{name}: p50 {percentiles[49]:.2f} ms, p99 {percentiles[98]:.2f} ms")
    return Latency(percentiles[49], percentiles[98])


async def _listen(broker: RabbitBroker, queue: str, arrived: dict[str, float]) -> None:
    async with broker.subscribe(queue, 1000) as subscription:
        while True:
            deliveries = await subscription.receive(1000)
            moment = time.perf_counter()
            for delivery in deliveries:
                arrived[delivery.correlation_id or ""] = moment
            await subscription.acknowledge(deliveries[-1])


async def _publish_steadily(
    broker: RabbitBroker, events: int, per_second: int, published: dict[str, float]
) -> None:
    start = time.perf_counter()
    async with asyncio.TaskGroup() as publishing:
        for number in range(events):
            await asyncio.sleep(max(0.0, start + number / per_second - time.perf_counter()))
            published[f"C-{number}"] = time.perf_counter()
            publishing.create_task(broker.publish([event(number)]))


async def _until(process: Process, condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while not condition():
        process.check()
        if time.perf_counter() > deadline:
            raise TimeoutError("the commands do not arrive")
        await asyncio.sleep(POLL_SECONDS / 10)
