"""One installation on the shared broker and Redis, under names of its own, and its processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.envelope import encode
from orchestrator.core.event import Delivery, Message, Outgoing
from orchestrator.settings import Settings
from orchestrator.topology import Names, service_topology, topology

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Installation:
    """Services and somebody who listens to what they publish."""

    def __init__(self, name: str, urls: dict[str, str], schemas: Path) -> None:
        """Call everything after `name`."""
        self.environ = {
            **urls,
            "ORCHESTRATOR_SCHEMAS": str(schemas),
            "ORCHESTRATOR_EXCHANGE": name,
            "ORCHESTRATOR_QUEUE": f"{name}.orchestrator",
            "ORCHESTRATOR_RETRY_PREFIX": f"{name}.retry",
            "ORCHESTRATOR_SERVICE_PREFIX": f"{name}.",
            "ORCHESTRATOR_NAMESPACE": name,
            "ORCHESTRATOR_HTTP_PORT": "0",
        }
        self.listener = f"{name}.listener"
        self.settings = Settings.model_validate(
            {key.removeprefix("ORCHESTRATOR_").lower(): text for key, text in self.environ.items()}
        )
        self.url = self.settings.amqp_url.get_secret_value()
        self.broker = RabbitBroker(self.url, Names.of(self.settings))
        self._sent: list[Message] = []
        self._answers: dict[str, set[str]] = {}

    @asynccontextmanager
    async def existing(self, services: Iterable[str], channels: list[str]) -> AsyncIterator[None]:
        """Have the topology and a listener on `channels` exist for the time of the block."""
        parts = [
            topology(self.settings),
            service_topology(self.settings, self.listener, [*channels, "failures.v1"]),
            *(service_topology(self.settings, self.queue(name), channels) for name in services),
        ]
        async with Administration.connect(self.url) as administration:
            for part in parts:
                await administration.apply(part)
        try:
            yield
        finally:
            await self.broker.close()
            async with Administration.connect(self.url) as administration:
                for part in parts:
                    await administration.delete(part)

    def queue(self, service: str) -> str:
        """Return the name of a service's queue here."""
        return f"{self.settings.service_prefix}{service}"

    async def send(self, channel: str, command: str, datas: Sequence[object]) -> list[str]:
        """Publish one command for each of `datas`; returns their ids, new ones on each call."""
        messages = [
            encode(
                Outgoing(
                    id=f"m-{index}",
                    type=command,
                    channel=channel,
                    source="test",
                    time=NOW,
                    data=data,
                    correlation_id=f"C-{index}",
                    subject=f"C-{index}",
                )
            )
            for index, data in enumerate(datas, len(self._sent))
        ]
        self._sent += messages
        await self.broker.publish(messages)
        return [str(message.id) for message in messages]

    async def send_again(self) -> None:
        """Publish everything that was sent so far once more, under the same ids."""
        await self.broker.publish(self._sent)

    async def answers(self, done: Callable[[dict[str, set[str]]], bool]) -> dict[str, set[str]]:
        """Listen until `done`; returns all so far: command id -> answers as type, id and data."""
        answers = self._answers
        async with self.broker.subscribe(self.listener, 500) as subscription:
            while not done(answers):
                deliveries = await subscription.receive(500)
                for event in map(_event, deliveries):
                    if "causationid" in event:
                        facts = [event["type"], event["id"], event["data"]]
                        answer = orjson.dumps(facts).decode()
                        answers.setdefault(event["causationid"], set()).add(answer)
                await subscription.acknowledge(deliveries[-1])
        return answers

    async def dead_letters(self, service: str, count: int) -> list[Delivery]:
        """Wait for `count` dead letters of `service`, and return them."""
        found: list[Delivery] = []
        async with self.broker.subscribe(f"{self.queue(service)}.dlq", count) as subscription:
            while len(found) < count:
                found += await subscription.receive(count)
        return found

    @asynccontextmanager
    async def process(self, *services: str, **environ: str) -> AsyncIterator[Process]:
        """Run services in a process of their own; it is killed at the end if it still runs."""
        process = await self.start(*services, errors=None, **environ)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()

    async def start(self, *services: str, errors: int | None = None, **environ: str) -> Process:
        """Start services in a process of their own; `errors` says where its log goes."""
        command = (sys.executable, "-m", "orchestrator", "consumers", "run", *services)
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, **self.environ, **environ}, stderr=errors
        )


def _event(delivery: Delivery) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(delivery.body)
    return event
