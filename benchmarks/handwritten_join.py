"""The yardstick for joins: a loop with aio-pika and Redis. No dedupe, no timeout, no rules.

The first of an order's two events is put into a hash; the second finds both there in the same round
trip, sends the command, confirmed, and removes the hash. Deliveries are handled concurrently up to
the prefetch count, over a pool of connections, on uvloop with hiredis: of several ways to write it
(a transaction instead of the script; 8, 24 and 64 connections) the fastest.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid

import aio_pika
import orjson
import uvloop
from redis.asyncio import BlockingConnectionPool, Redis

PREFETCH = 1000
CONNECTIONS = 32
PARTS = {b"OrderPlaced", b"PaymentReceived"}
JOIN = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGETALL', KEYS[1])
"""


async def main(exchange_name: str, queue_name: str) -> None:
    """Consume for ever."""
    connection = await aio_pika.connect_robust(os.environ["ORCHESTRATOR_AMQP_URL"])
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(prefetch_count=PREFETCH)
    exchange = await channel.get_exchange(exchange_name)
    queue = await channel.get_queue(queue_name)
    redis = Redis(
        connection_pool=BlockingConnectionPool.from_url(
            os.environ["ORCHESTRATOR_REDIS_URL"], max_connections=CONNECTIONS, timeout=None
        )
    )

    join = redis.register_script(JOIN)

    async def publish(event: dict[str, str], parts: dict[bytes, bytes]) -> None:
        order = orjson.loads(parts[b"OrderPlaced"])["data"]
        payment = orjson.loads(parts[b"PaymentReceived"])["data"]
        body = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "handwritten",
            "type": "ShipOrder",
            "correlationid": event["correlationid"],
            "causationid": event["id"],
            "data": {
                "items": order["items"],
                "address": order["address"],
                "payment": payment["payment"],
            },
        }
        message = aio_pika.Message(
            orjson.dumps(body),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            content_type="application/cloudevents+json",
            message_id=str(body["id"]),
            correlation_id=event["correlationid"],
            type="ShipOrder",
        )
        await exchange.publish(message, routing_key="shipping.v1")

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        event = orjson.loads(message.body)
        name = f"{queue_name}:{event['correlationid']}"
        fields = await join(keys=[name], args=[event["type"], message.body])
        parts = dict(zip(fields[::2], fields[1::2], strict=True))
        if parts.keys() == PARTS:
            await publish(event, parts)
            await redis.delete(name)
        await message.ack()

    await queue.consume(handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
