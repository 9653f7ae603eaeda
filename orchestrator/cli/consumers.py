"""``orchestrator consumers``: starts consumer services. Leaves running to the runner."""

from __future__ import annotations

import click

from orchestrator import runner
from orchestrator.cli.commands import Group
from orchestrator.cli.context import read_settings
from orchestrator.cli.process import run_to_end


@click.group("consumers", cls=Group)
def command() -> None:
    """Run the services that act on commands."""


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
