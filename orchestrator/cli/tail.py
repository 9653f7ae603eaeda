"""``orchestrator tail``: prints messages as they are published. Changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Command, wants_json
from orchestrator.cli.connection import log_reader
from orchestrator.cli.context import read_settings
from orchestrator.cli.seen import Seen, see
from orchestrator.cli.starting import START

if TYPE_CHECKING:
    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.errors import Misconfigured, Unavailable
    from orchestrator.settings import Settings

_WIDE, _NARROW = (26, 16, 30), (20, 10, 16)
"""Widths of type, key and sender; the time takes 12 and the data what is left."""
_NARROW_BELOW = 110
_LEAST_WIDTH = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages to print; an empty set means any."""

    types: frozenset[str]
    keys: frozenset[str]

    def includes(self, seen: Seen) -> bool:
        """Return whether `seen` is one of them."""
        return (not self.types or seen.type in self.types) and (
            not self.keys or seen.key in self.keys
        )


@click.command(
    "tail",
    cls=Command,
    examples=[
        "orchestrator tail",
        "orchestrator tail --type ComplaintFiled --type CommandFailed --from 1h",
        "orchestrator tail --key C-991 --from first --no-follow --json",
    ],
)
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only this type; repeatable.")
@click.option("--key", "keys", metavar="KEY", multiple=True, help="Only this key; repeatable.")
@click.option(
    "--from",
    "start",
    type=START,
    default="now",
    show_default=True,
    help="Begin at first, now, a time, or 1h ago.",
)
@click.option(
    "--follow/--no-follow", default=True, help="Wait for more, or end where the log ends now."
)
def command(types: tuple[str, ...], keys: tuple[str, ...], start: Start, *, follow: bool) -> None:
    """Watch messages as they are published, until Ctrl-C. Takes none of them away.

    Prints time, type, key, sender (the rule, or who published it) and data; with --json, one
    object per line. Reads the stream that keeps every message, so it can begin in the past.
    """
    wanted = Wanted(frozenset(types), frozenset(keys))
    asyncio.run(_tail(read_settings(), wanted, start, follow=follow))


async def _tail(settings: Settings, wanted: Wanted, start: Start, *, follow: bool) -> None:
    reader = log_reader(settings, on_loss=_say_lost)
    async for entry in reader.follow(start) if follow else reader.read(start):
        seen = see(entry.delivery, datetime.now(UTC))
        if wanted.includes(seen):
            _print(seen)


def _say_lost(loss: Unavailable | Misconfigured) -> None:
    click.echo(f"{loss}; trying again", err=True)


def _print(seen: Seen) -> None:
    if wants_json():
        output.document(seen.as_json())
    elif output.on_terminal():
        click.echo(line(seen, output.console().width))
    else:
        columns = [seen.time, seen.type, seen.key, seen.sender, _content(seen)]
        click.echo("\t".join(output.text(column) for column in columns))


def line(seen: Seen, width: int) -> str:
    """Return one line for a person, `width` characters at most if the key leaves room."""
    of_type, of_key, of_sender = _NARROW if width < _NARROW_BELOW else _WIDE
    moment = f"{seen.time.astimezone():%H:%M:%S.%f}"[:-3]
    kind = _cut(output.text(seen.type), of_type)
    key = f"{output.text(seen.key):{of_key}}"  # whole, so that one can ask `trace` for it
    left = width - len(f"{moment} {kind} {key} ")
    sender = _cut(output.text(seen.sender), max(min(of_sender, left), _LEAST_WIDTH))
    columns = [
        click.style(moment, dim=True),
        click.style(kind, fg="cyan", bold=True),
        click.style(key, fg="magenta"),
        sender,
    ]
    left -= len(sender) + 1
    if left <= 0:
        return " ".join(columns)
    content = output.text(_content(seen))
    content = content if len(content) <= left else f"{content[: left - 1]}…"
    return " ".join([*columns, click.style(content, fg="red" if seen.problem else None)])


def _cut(text: str, width: int) -> str:
    return f"{text:{width}}" if len(text) <= width else f"{text[: width - 1]}…"


def _content(seen: Seen) -> object:
    return seen.problem or seen.data
