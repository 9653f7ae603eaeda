"""``orchestrator apply``: declares the topology. Knows no queue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.cli import output
from orchestrator.cli.commands import Command
from orchestrator.cli.context import read_settings
from orchestrator.topology import topology

if TYPE_CHECKING:
    from orchestrator.settings import Settings
    from orchestrator.topology import Topology


@click.command("apply", cls=Command, examples=["orchestrator apply"])
def command() -> None:
    """Declare the exchanges, queues and bindings on RabbitMQ.

    Repeating it changes nothing, and nothing is ever deleted. What exists with other arguments is
    an error that names both.
    """
    settings = read_settings()
    wanted = topology(settings)
    version = asyncio.run(_apply(settings, wanted))
    rows = [
        *({"kind": "exchange", "name": found.name} for found in wanted.exchanges),
        *({"kind": "queue", "name": found.name} for found in wanted.queues),
    ]
    output.table(["kind", "name"], rows, empty="nothing to declare")
    output.note(f"in place on RabbitMQ {version}, with {len(wanted.bindings)} bindings")


async def _apply(settings: Settings, wanted: Topology) -> str:
    async with Administration.connect(settings.amqp_url.get_secret_value()) as administration:
        await administration.apply(wanted)
        return administration.version
