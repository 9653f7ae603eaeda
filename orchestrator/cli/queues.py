"""Which queues the services installed here have. Looks into none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.service.registry import find, installed
from orchestrator.topology import (
    Names,
    dead_letter_queue,
    instances_topology,
    service_topology,
)

if TYPE_CHECKING:
    from orchestrator.settings import Settings
    from orchestrator.topology import Topology


def installed_topologies(settings: Settings) -> list[Topology]:
    """Return the queues of every installed service.

    Raises:
        Misconfigured: one of them cannot be imported.
    """
    services = [find(name).prefixed(settings.service_prefix) for name in installed()]
    queues = [service_topology(settings, service.name, service.channels) for service in services]
    able = [service.name for service in services if service.capabilities]
    return [*queues, *(instances_topology(settings, name) for name in able)]


async def dead_letter_queues(settings: Settings) -> list[str]:
    """Return the queues that exist of: the daemon's, each installed service's, the unrouted.

    AMQP cannot list queues. Those of services that are not installed here must be named.
    """
    names = Names.of(settings)
    services = (f"{settings.service_prefix}{service}" for service in installed())
    candidates = [dead_letter_queue(queue) for queue in (names.queue, *services)]
    async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
        return [
            queue
            for queue in (*candidates, names.unrouted)
            if await administration.status(queue) is not None
        ]
