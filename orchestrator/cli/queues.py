"""Which dead-letter queues there are. Looks into none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.runner import installed
from orchestrator.topology import Names, dead_letter_queue

if TYPE_CHECKING:
    from orchestrator.settings import Settings


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
