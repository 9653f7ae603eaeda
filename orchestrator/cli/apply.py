"""``orchestrator apply``: declares the topology. Knows no queue."""

from __future__ import annotations

import asyncio

import click

from orchestrator.adapters.rabbit.administration import install
from orchestrator.cli import output
from orchestrator.cli.commands import Command
from orchestrator.cli.context import read_settings
from orchestrator.cli.queues import installed_topologies
from orchestrator.topology import topology


@click.command("apply", cls=Command, examples=["orchestrator apply"])
def command() -> None:
    """Declare the exchanges, queues and bindings on RabbitMQ, those of installed services included.

    Repeating it changes nothing, and nothing is ever deleted. What exists with other arguments is
    an error that names both.
    """
    settings = read_settings()
    wanted = [topology(settings), *installed_topologies(settings)]
    version = asyncio.run(install(settings.amqp_url.get_secret_value(), wanted))
    exchanges = [exchange.name for each in wanted for exchange in each.exchanges]
    queues = [queue.name for each in wanted for queue in each.queues]
    rows = [
        *({"kind": "exchange", "name": name} for name in exchanges),
        *({"kind": "queue", "name": name} for name in queues),
    ]
    output.table(["kind", "name"], rows, empty="nothing to declare")
    output.note(f"all of it is in place on RabbitMQ {version}")
