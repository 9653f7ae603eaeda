"""An installation of our own on a broker, and what tests do with it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.rabbit.administration import Administration, install
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.event import Message
from orchestrator.settings import Settings
from orchestrator.topology import Names, Topology, service_topology, topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.event import Delivery

CHANNEL = "notify.v1"


@dataclass
class Site:
    """An installation with one consumer service."""

    url: str
    settings: Settings
    names: Names
    service: str
    broker: RabbitBroker
    admin: Administration = field(init=False)

    @property
    def parts(self) -> tuple[Topology, Topology]:
        """What is declared."""
        return topology(self.settings), service_topology(self.settings, self.service, [CHANNEL])

    @property
    def dlq(self) -> str:
        """The dead letters of the service."""
        return f"{self.service}.dlq"

    async def publish(self, *messages: Message) -> None:
        """Publish with confirms."""
        await self.broker.publish(messages)

    async def depth(self, queue: str) -> int:
        """How many messages wait in `queue`."""
        status = await self.admin.status(queue)
        assert status is not None
        return status.messages

    async def take(self, queue: str, count: int) -> list[Delivery]:
        """Receive and acknowledge `count` deliveries."""
        taken: list[Delivery] = []
        async with self.broker.subscribe(queue, 100) as subscription:
            while len(taken) < count:
                taken += await subscription.receive(count - len(taken))
                await subscription.acknowledge(taken[-1])
        return taken


def message(name: str, **changes: Any) -> Message:
    """Return a message whose body is its name."""
    attributes: dict[str, Any] = {
        "exchange": None,
        "routing_key": CHANNEL,
        "body": name.encode(),
        "id": None,
        "type": None,
        "correlation_id": None,
        "source": None,
        "time": None,
        "content_type": None,
        "headers": {},
    }
    return Message(**(attributes | changes))


def names(deliveries: list[Delivery]) -> list[str]:
    """Return the names of messages."""
    return [delivery.body.decode() for delivery in deliveries]


@asynccontextmanager
async def installed(url: str, unique: str, *, remove: bool = True) -> AsyncIterator[Site]:
    """Install everything under names that nobody else uses, and remove it again if told to."""
    settings = Settings(
        exchange=unique,
        queue=f"{unique}.orchestrator",
        retry_prefix=f"{unique}.retry",
        log_max_bytes=1_000_000,
    )
    own_names = Names.of(settings)
    async with RabbitBroker(url, own_names, patience_seconds=0) as broker:
        found = Site(url, settings, own_names, f"{unique}.notify", broker)
        await install(url, found.parts, patience_seconds=30)
        async with Administration.connect(url) as found.admin:
            yield found
            if remove:
                for part in found.parts:
                    await found.admin.delete(part)
