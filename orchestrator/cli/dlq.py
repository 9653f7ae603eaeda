"""``orchestrator dlq``: looks at dead letters, sends them again, deletes them. Judges none."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from orchestrator.adapters.rabbit.deadletters import DeadLetters, Selection
from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.context import read_settings
from orchestrator.cli.letters import COLUMNS, detail, entry, page, row
from orchestrator.cli.queues import dead_letter_queues
from orchestrator.engine.firing import TIMER_TYPE
from orchestrator.errors import Misconfigured
from orchestrator.topology import Names, dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from orchestrator.core.deadletter import DeadLetter


@click.group("dlq", cls=Group)
def command() -> None:
    """Look at dead letters, send them again, or delete them."""


def _selecting(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which dead letters are meant."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="At most so many per queue."),
        click.option("--reason", help="Only those given up for this reason."),
        click.option("--queue", help="This queue, such as notify.dlq; all known ones if left out."),
    ):
        callback = option(callback)
    return callback


@command.command(
    "list", examples=["orchestrator dlq list", "orchestrator dlq list --reason schema-violation"]
)
@_selecting
def list_letters(queue: str | None, reason: str | None, limit: int | None) -> None:
    """List dead letters, and why they were given up.

    Looks at the daemon's queue, those of the services installed here, and what found no queue.
    """
    letters = asyncio.run(_look(queue, Selection(reason, limit)))
    rows = [row(letter) for letter in letters]
    if rows and output.on_terminal():
        for shown in rows:
            click.echo(entry(shown, output.console().width))
    else:
        output.table(COLUMNS, rows, empty="there are no dead letters")


@command.command(examples=["orchestrator dlq show 1b4e28ba2fa1", "orchestrator dlq show C-991"])
@click.argument("name", metavar="ID|KEY")
@click.option("--queue", help="Look only here.")
def show(name: str, queue: str | None) -> None:
    """Show dead letters in full, by message id or correlation key.

    An id may be cut off after its first characters.
    """
    details = [detail(letter) for letter in asyncio.run(_look(queue, Selection()))]
    found = [each for each in details if each["key"] == name or str(each["id"]).startswith(name)]
    if not found:
        raise Misconfigured(
            f"no dead letter has the id or key {name}: `orchestrator dlq list` shows them all"
        )
    if wants_json():
        output.document(found)
        return
    for each in found:
        click.echo(page(each))


@command.command(
    examples=[
        "orchestrator dlq redrive --queue orchestrator.dlq --dry-run",
        "orchestrator dlq redrive --reason schema-violation --limit 10",
    ]
)
@_selecting
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
def redrive(queue: str | None, reason: str | None, limit: int | None, *, dry_run: bool) -> None:
    """Send dead letters back to the queue they failed on.

    Do so once what made them fail is mended. A dead letter of one rule runs only that rule again.
    Each is confirmed before it is removed. What failed at its time is no message, and stays:
    `orchestrator timers retry` is for that.
    """
    timers: list[str] = []

    def is_message(letter: DeadLetter) -> bool:
        if letter.delivery.type != TIMER_TYPE:
            return True
        timers.append(letter.delivery.correlation_id or "")
        return False

    selection = Selection(reason, limit, is_message)
    letters = asyncio.run(_look(queue, selection) if dry_run else _redrive(queue, selection))
    _tell("would be sent again" if dry_run else "sent again", len(letters), queue)
    if timers:
        output.note(_timers_stay(timers))


@command.command(
    examples=[
        "orchestrator dlq purge --queue hms.unrouted --dry-run",
        "orchestrator dlq purge --queue orchestrator.dlq --reason not-json --yes",
    ]
)
@click.option("--queue", required=True, help="The queue, such as notify.dlq.")
@click.option("--reason", help="Only those given up for this reason.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(queue: str, reason: str | None, limit: int | None, *, dry_run: bool, yes: bool) -> None:
    """Delete dead letters for good. Asks first, unless told not to."""
    selection = Selection(reason, limit)
    if dry_run:
        _tell("would be deleted", len(asyncio.run(_look(queue, selection))), queue)
        return
    if not yes and not _confirmed(queue):
        raise click.UsageError("nothing was deleted: answer y, or say --yes")
    _tell("deleted", asyncio.run(_purge(queue, selection)), queue)


def _timers_stay(keys: Sequence[str]) -> str:
    many = "1 timer stays, and is" if len(keys) == 1 else f"{len(keys)} timers stay, and are"
    again = f"`orchestrator timers retry {quote(keys[0])}`"
    return f"{many} no message: mend what failed, then {again}{' and so on' * (len(keys) > 1)}"


def _tell(verb: str, count: int, queue: str | None) -> None:
    if wants_json():
        output.document({"verb": verb, "count": count, "queue": queue})
    else:
        click.echo(f"{count} dead letter{'' if count == 1 else 's'} {verb}")


def _confirmed(queue: str) -> bool:
    return sys.stdin.isatty() and click.confirm(f"Delete dead letters in {queue}?", err=True)


async def _look(queue: str | None, selection: Selection) -> list[DeadLetter]:
    async with _connected(queue) as (dead_letters, queues):
        return [letter for name in queues for letter in await dead_letters.look(name, selection)]


async def _redrive(queue: str | None, selection: Selection) -> list[DeadLetter]:
    sent: list[DeadLetter] = []
    async with _connected(queue) as (dead_letters, queues):
        for name in queues:
            with output.progress(name) as report:
                sent += await dead_letters.redrive(name, selection, report)
    return sent


async def _purge(queue: str, selection: Selection) -> int:
    async with _connected(queue) as (dead_letters, _):
        with output.progress(queue) as report:
            return await dead_letters.purge(queue, selection, report)


@asynccontextmanager
async def _connected(queue: str | None) -> AsyncIterator[tuple[DeadLetters, Sequence[str]]]:
    """Connect, and name the queues that are meant."""
    settings = read_settings()
    names = Names.of(settings)
    if queue:
        _insist_on_dead_letters(queue, names)
    queues = [queue] if queue else await dead_letter_queues(settings)
    url = settings.amqp_url.get_secret_value()
    async with DeadLetters.connect(url, names) as dead_letters:
        yield dead_letters, queues


def _insist_on_dead_letters(queue: str, names: Names) -> None:
    """Refuse a queue of live messages: purging one would lose work that nobody gave up."""
    if queue != names.unrouted and not queue.endswith(dead_letter_queue("")):
        raise Misconfigured(
            f"{queue} holds no dead letters: name {dead_letter_queue(queue)} or {names.unrouted}"
        )
