"""The yardstick for workflows: a loop with aio-pika and Redis. No dedupe, timeouts, compensation.

A case's hash has its input and the data of each answer. An answer is put into it and the input read
in the same round trip, then the next command is sent, confirmed, and the answer acknowledged; after
the last one the end is told and the hash removed. Deliveries are handled concurrently up to the
prefetch count, over a pool of connections, on uvloop with hiredis: the fast way to write it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from typing import Any

import aio_pika
import orjson
import uvloop
from redis.asyncio import BlockingConnectionPool, Redis

PREFETCH = 1000
CONNECTIONS = 32
AFTER = {
    "WorkRequested": ("DoFirst", "echo.v1"),
    "FirstDone": ("DoSecond", "echo.v1"),
    "SecondDone": ("DoThird", "echo.v1"),
    "ThirdDone": ("WorkFinished", "finished.v1"),
}


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

    async def publish(event: dict[str, str], data: dict[str, object]) -> None:
        name, key = AFTER[event["type"]]
        body = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "handwritten",
            "type": name,
            "correlationid": event["correlationid"],
            "causationid": event["id"],
            "data": data,
        }
        message = aio_pika.Message(
            orjson.dumps(body),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            content_type="application/cloudevents+json",
            message_id=str(body["id"]),
            correlation_id=event["correlationid"],
            type=name,
        )
        await exchange.publish(message, routing_key=key)

    async def remember(name: str, event: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever was sent
        """Put an event's data into the case's hash; return what the case began with."""
        data = orjson.dumps(event["data"])
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(name, event["type"], data)
            if event["type"] != "WorkRequested":
                pipeline.hget(name, "WorkRequested")
            *_, found = await pipeline.execute()
        return event["data"] if event["type"] == "WorkRequested" else orjson.loads(found)

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        event = orjson.loads(message.body)
        name = f"{queue_name}:{event['correlationid']}"
        given = await remember(name, event)
        data = {"applicant": given["complainant"]["email"], "amount": event["data"]["amount"]}
        await publish(event, data)
        if event["type"] == "ThirdDone":
            await redis.delete(name)
        await message.ack()

    await queue.consume(handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
