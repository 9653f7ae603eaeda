"""Realistic events, and who publishes them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson

from benchmarks.subjects import CHANNEL
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.event import Message
from orchestrator.topology import Names

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.subjects import Process, Subject

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


async def fill(broker: RabbitBroker, events: int) -> None:
    """Publish events 0 to `events` as fast as they are confirmed."""
    for start in range(0, events, CHUNK):
        await broker.publish([event(n) for n in range(start, min(start + CHUNK, events))])


async def until(process: Process, condition: Callable[[], bool]) -> None:
    """Wait for something the subject must do."""
    deadline = time.perf_counter() + START_SECONDS
    while not condition():
        process.check()
        if time.perf_counter() > deadline:
            raise TimeoutError("the commands do not arrive")
        await asyncio.sleep(POLL_SECONDS / 10)
