"""Realistic events, and who publishes them."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import orjson

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.adapters.rabbit.link import Link
from orchestrator.core.event import Message
from orchestrator.topology import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.subjects import Process, Subject

T = TypeVar("T")

CHUNK = 500
POLL_SECONDS = 0.1
START_SECONDS = 60.0
DATA = {
    "complainant": {"name": "Ada Sample", "email": "ada@example.org"},
    "category": "overtime-pay",
    "employer": "Example Works",
    "amount": 1200.5,
    "region": "north",
    "description": "Overtime of three months was not paid, despite repeated requests to pay it.",
}


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
        routing_key="complaints.v1",
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


async def fill(broker: RabbitBroker, messages: Iterable[Message]) -> None:
    """Publish messages as fast as they are confirmed."""
    for chunk in batched(messages, CHUNK):
        await broker.publish(chunk)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items, the last one perhaps shorter."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


async def discard_commands(found: Subject) -> None:
    """Empty the queues that commands arrive in."""
    link = await Link.open(found.settings.amqp_url.get_secret_value(), "benchmark")
    channel = await link.channel()
    for queue in found.outputs:
        await channel.queue_purge(queue)
    await link.close()


async def until(process: Process, condition: Callable[[], bool]) -> None:
    """Wait for something the subject must do."""
    deadline = time.perf_counter() + START_SECONDS
    while not condition():
        process.check()
        if time.perf_counter() > deadline:
            raise TimeoutError("the commands do not arrive")
        await asyncio.sleep(POLL_SECONDS / 10)
