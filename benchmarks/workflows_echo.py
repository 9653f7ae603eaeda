"""Answers every command at once, as fast as our client to the broker can, for both subjects."""

from __future__ import annotations

import sys

import uvloop

from benchmarks.workflows_work import answers
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.settings import Settings
from orchestrator.topology import Names

PREFETCH = 2000
BATCH = 250


async def main(queue: str) -> None:
    """Answer for ever; a command is acknowledged once its answer is confirmed."""
    settings = Settings()
    url = settings.amqp_url.get_secret_value()
    async with (
        RabbitBroker(url, Names.of(settings), client="echo") as broker,
        broker.subscribe(queue, PREFETCH) as subscription,
    ):
        while True:
            deliveries = await subscription.receive(BATCH)
            await broker.publish(answers([each.body for each in deliveries]))
            await subscription.acknowledge(deliveries[-1])


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
