"""``orchestrator run``: starts the daemon, or several of them. Leaves running to the daemon."""

from __future__ import annotations

import asyncio

import click

from orchestrator import daemon
from orchestrator.cli.commands import Command
from orchestrator.cli.context import read_settings
from orchestrator.cli.process import run_to_end, set_up_logs
from orchestrator.cli.workers import Worker, supervise


@click.command(
    "run",
    cls=Command,
    examples=[
        "orchestrator run",
        "ORCHESTRATOR_LOG_LEVEL=debug orchestrator run",
        "orchestrator run --workers 4",
    ],
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; all compete on the same queue.",
)
def command(workers: int) -> int:
    """Run the daemon until SIGTERM or Ctrl-C; it finishes what is in hand before it ends.

    SIGHUP reads rules and schemas again, as a changed file does. With several workers, the n-th
    listens on ORCHESTRATOR_HTTP_PORT + n, counted from 0; one that is killed is started again.
    """
    settings = read_settings()
    if workers == 1:
        run_to_end(daemon.run(settings), settings, role="daemon")
        return 0
    set_up_logs(settings)
    first = settings.http_port
    ports = [first + index if first else 0 for index in range(workers)]
    return asyncio.run(
        supervise(
            [Worker(index, {"ORCHESTRATOR_HTTP_PORT": str(p)}) for index, p in enumerate(ports)]
        )
    )
