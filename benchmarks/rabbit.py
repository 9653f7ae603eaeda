"""``python -m benchmarks.rabbit [URL]``: CPU and rate of publishing and consuming, and of aio-pika.

CPU is that of this process. Messages carry what a command of ours carries, go through the entry and
the bus into one quorum queue, and are confirmed in batches.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aio_pika
import uvloop

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.event import Message
from orchestrator.settings import Settings
from orchestrator.topology import Names, service_topology, topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CHANNEL = "notify.v1"
PREFETCH = 1000


def command(number: int) -> Message:
    """Return a message as rules send it."""
    return Message(
        exchange=None,
        routing_key=CHANNEL,
        body=b"x" * 500,
        id=f"{number:032x}",
        type="SendAcknowledgment",
        correlation_id=f"C-{number}",
        source="orchestrator",
        time=datetime.now(UTC),
        content_type="application/cloudevents+json",
        headers={
            "x-causation-id": f"{number:032x}",
            "x-rule": "complaint-intake",
            "x-revision": "0123456789ab",
        },
    )


@dataclass
class Stopwatch:
    """Measures what one way of doing it costs per message."""

    messages: int

    async def measure(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` and print CPU per message and messages per second."""
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        cpu = (time.process_time() - cpu) / self.messages * 1e6
        rate = self.messages / (time.perf_counter() - wall)
        print(f"{name:<28} {cpu:7.1f} us CPU per message {rate:9.0f} messages/s")


async def ours(broker: RabbitBroker, queue: str, batch: int, watch: Stopwatch) -> None:
    """Measure the adapter."""
    commands = [command(number) for number in range(watch.messages)]

    async def publish() -> None:
        for begin in range(0, watch.messages, batch):
            await broker.publish(commands[begin : begin + batch])

    async def consume() -> None:
        left = watch.messages
        async with broker.subscribe(queue, PREFETCH) as subscription:
            while left:
                received = await subscription.receive(min(batch, left))
                left -= len(received)
                await subscription.acknowledge(received[-1])

    await watch.measure(f"publish, {batch} at a time", publish)
    await watch.measure(f"consume, {batch} at most", consume)


async def theirs(url: str, exchange: str, queue: str, watch: Stopwatch) -> None:
    """Measure aio-pika as one would write it: a confirm and an acknowledgment each."""
    connection = await aio_pika.connect(url)
    async with connection, connection.channel() as channel:
        await channel.set_qos(PREFETCH)
        target = await channel.get_exchange(exchange, ensure=False)
        source = await channel.get_queue(queue, ensure=False)

        async def publish() -> None:
            for begin in range(0, watch.messages, PREFETCH // 4):
                numbers = range(begin, min(begin + PREFETCH // 4, watch.messages))
                await asyncio.gather(*(target.publish(aio_message(n), CHANNEL) for n in numbers))

        async def consume() -> None:
            left = watch.messages
            async with source.iterator() as messages:
                async for message in messages:
                    await message.ack()
                    left -= 1
                    if not left:
                        return

        await watch.measure("aio-pika publish, 250 at once", publish)
        await watch.measure("aio-pika consume", consume)


def aio_message(number: int) -> aio_pika.Message:
    """Return the same message for aio-pika."""
    message = command(number)
    return aio_pika.Message(
        message.body,
        headers=dict(message.headers),  # type: ignore[arg-type]
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.id,
        timestamp=message.time,
        type=message.type,
        app_id=message.source,
    )


async def run(url: str, messages: int) -> None:
    """Install something of our own, measure, and remove it."""
    name = f"bench{uuid.uuid4().hex[:8]}"
    settings = Settings(
        exchange=name, queue=f"{name}.q", retry_prefix=name, keep_log=False, keep_tail=False
    )
    parts = topology(settings), service_topology(settings, f"{name}.s", [CHANNEL])
    async with Administration.connect(url) as administration:
        for part in parts:
            await administration.apply(part)
        print(f"RabbitMQ {administration.version}, {messages} messages of 500 bytes, quorum queue")
        async with RabbitBroker(url, Names.of(settings)) as broker:
            for batch, share in ((1, 20), (16, 4), (250, 1)):
                await ours(broker, f"{name}.s", batch, Stopwatch(messages // share))
            await theirs(url, name, f"{name}.s", Stopwatch(messages))
        for part in parts:
            await administration.delete(part)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="amqp://guest:guest@127.0.0.1:5672/")
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args()
    uvloop.run(run(options.url, options.messages))


if __name__ == "__main__":
    main()
