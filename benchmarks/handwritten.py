"""The yardstick: what a good engineer writes by hand with aio-pika. No rules, no state, no dedupe.

One event leads to two commands, persistent and confirmed, and an acknowledgement each. Deliveries
are handled concurrently up to the prefetch count, on uvloop: the fast way to write it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid

import aio_pika
import orjson
import uvloop

PREFETCH = 1000
COMMANDS = {"SendAcknowledgment": "notify.v1", "AssignInvestigator": "hr.v1"}


async def main(exchange_name: str, queue_name: str) -> None:
    """Consume for ever."""
    connection = await aio_pika.connect_robust(os.environ["ORCHESTRATOR_AMQP_URL"])
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(prefetch_count=PREFETCH)
    exchange = await channel.get_exchange(exchange_name)
    queue = await channel.get_queue(queue_name)

    async def publish(command: str, key: str, event: dict[str, object]) -> None:
        body = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "handwritten",
            "type": command,
            "correlationid": event["correlationid"],
            "causationid": event["id"],
            "data": event["data"],
        }
        message = aio_pika.Message(
            orjson.dumps(body),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            content_type="application/cloudevents+json",
            message_id=str(body["id"]),
            correlation_id=str(event["correlationid"]),
            type=command,
        )
        await exchange.publish(message, routing_key=key)

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        event = orjson.loads(message.body)
        await asyncio.gather(*(publish(name, key, event) for name, key in COMMANDS.items()))
        await message.ack()

    await queue.consume(handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
