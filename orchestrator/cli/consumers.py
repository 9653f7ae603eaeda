"""``orchestrator consumers``: starts consumer services, and lists who lives. Runs none itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from orchestrator import runner
from orchestrator.adapters.redis.register import RedisRegister
from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.context import read_settings
from orchestrator.cli.process import run_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.service.register import Heard
    from orchestrator.settings import Settings

COLUMNS = ("service", "instance", "capabilities", "busy", "heard", "host")


@click.group("consumers", cls=Group)
def command() -> None:
    """Run the services that act on commands, and see who lives."""


@command.command(
    examples=[
        "orchestrator consumers run notify",
        "orchestrator consumers run notify hr permits",
        "orchestrator consumers run my_module:service",
    ]
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def run(names: tuple[str, ...]) -> None:
    """Run consumer services in one process, until SIGTERM or Ctrl-C.

    NAME is a service that an installed package offers, or module:attribute in the current folder.
    Declares the queues it needs first. What is in hand is finished before the process ends.
    """
    settings = read_settings()
    run_to_end(runner.run(names, settings), settings, role=" ".join(names))


@command.command(
    "list", examples=["orchestrator consumers list", "orchestrator consumers list --json"]
)
def list_instances() -> None:
    """List the running instances of services that announce capabilities.

    What each has in hand, how many messages it works on at once, and how long ago it was heard of.
    Services without capabilities announce nothing, and are not listed.
    """
    heard = asyncio.run(_living(read_settings()))
    columns = COLUMNS[:-1] if output.on_narrow_terminal() else COLUMNS
    output.table(columns, map(_row, heard), empty="no instance has announced itself")


async def _living(settings: Settings) -> Sequence[Heard]:
    url = settings.redis_url.get_secret_value()
    register = RedisRegister(url, namespace=settings.namespace)
    try:
        return await register.living()
    finally:
        await register.close()


def _row(heard: Heard) -> dict[str, object]:
    said = heard.announcement
    return {
        "service": said.service,
        "instance": said.name.rpartition(".")[2],
        "capabilities": list(said.capabilities) if wants_json() else ", ".join(said.capabilities),
        "busy": f"{said.in_hand} of {said.concurrency}",
        "heard": f"{heard.age_seconds:.1f} s ago",
        "host": said.host,
        "queue": said.name,
        "in_hand": said.in_hand,
        "concurrency": said.concurrency,
        "heard_seconds_ago": heard.age_seconds,
    }
