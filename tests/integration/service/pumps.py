"""A service whose instances can be asked one by one, for real processes that are killed."""

import asyncio
import os
from dataclasses import replace

from pydantic import BaseModel

from orchestrator import runner
from orchestrator.service import Context, Service
from orchestrator.topology import Topology, instance_topology

STUCK = "STUCK"
"""In the environment: this instance never finishes anything."""


class Pump(BaseModel):
    """Command."""

    site: str


class Pumped(BaseModel):
    """Event."""

    site: str
    by: str


service = Service("pumps", channels=["pumps.v1"], capabilities=["pump"], concurrency=2)


@service.on("Pump")
async def pump(command: Pump, _context: Context) -> Pumped:
    """Say who pumped."""
    if STUCK in os.environ:
        await asyncio.Event().wait()
    return Pumped(site=command.site, by=str(os.getpid()))


def drops(service: str, name: str) -> Topology:
    """Wrong: what nobody takes in time is dropped instead of being passed on."""
    right = instance_topology(service, name)
    (queue,) = right.queues
    kept = {key: value for key, value in queue.arguments.items() if "dead-letter" not in key}
    return replace(right, queues=(replace(queue, arguments=kept),))


if "PUMPS_ARE_WRONG" in os.environ:
    runner.instance_topology = drops  # type: ignore[attr-defined] # the negative control
