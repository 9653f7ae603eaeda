"""``orchestrator trace``: collects everything about one case and shows it. Changes nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.causality import Step, causal_steps
from orchestrator.cli.commands import Command, wants_json
from orchestrator.cli.context import read_settings
from orchestrator.cli.narrating import given_up, published
from orchestrator.cli.records import in_dead_letters, in_log
from orchestrator.cli.starting import START
from orchestrator.cli.timeline import as_json, draw
from orchestrator.errors import Misconfigured
from orchestrator.topology import Names

if TYPE_CHECKING:
    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.settings import Settings


@click.command(
    "trace",
    cls=Command,
    examples=["orchestrator trace C-991", "orchestrator trace C-991 --from 2d --json"],
)
@click.argument("key")
@click.option(
    "--from",
    "start",
    type=START,
    default="first",
    show_default=True,
    help="Read the log from here: as for tail.",
)
def command(key: str, start: Start) -> None:
    """Show everything with the correlation key KEY, each message under the one that led to it.

    Reads the whole log and the dead-letter queues. Times are counted from the first message. The id
    that `publish` prints is the key too, where no --key was given.
    """
    settings = read_settings()
    steps = asyncio.run(_collect(settings, key, start))
    if not steps:
        raise Misconfigured(
            f"nothing with the correlation key {key} is in {Names.of(settings).log} or in a"
            " dead-letter queue: `orchestrator tail --from 1h` shows which keys there are"
        )
    if wants_json():
        output.document(as_json(key, steps))
    else:
        width = output.console().width if output.on_terminal() else None
        for line in draw(key, steps, width):
            click.echo(line)


async def _collect(settings: Settings, key: str, start: Start) -> tuple[Step, ...]:
    """Return the steps of the case, from the log and from the dead letters."""
    logged = [seen async for seen, _ in in_log(settings, start) if seen.key == key]
    lost = await in_dead_letters(settings, lambda seen: seen.key == key)
    known = {seen.id for seen in logged}
    # A message that nobody could route, or that came before the log began, is only there.
    unlogged = [seen for seen, _ in lost if seen.id not in known]
    return causal_steps(
        [published(seen) for seen in [*logged, *unlogged]],
        [given_up(seen, letter) for seen, letter in lost],
    )
