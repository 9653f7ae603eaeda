"""``orchestrator unmatched``: what led to nothing, and a second chance for it. Mends no rule."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.connection import broker
from orchestrator.cli.context import load_rulebook, read_settings
from orchestrator.cli.ledger import ledger
from orchestrator.cli.lengths import LENGTH
from orchestrator.cli.misses import COLUMNS, Judge, advice, detail, in_order, line, page, row
from orchestrator.core.unmatched import again
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from orchestrator.core.event import Message
    from orchestrator.ports import Noted
    from orchestrator.settings import Settings

_ENTRY = re.compile(r"\d{1,15}-\d{1,15}")
_AT_ONCE = 200


class EntryType(click.ParamType[str]):
    """The name of an entry, such as ``1772355600000-0``."""

    name = "entry"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name."""
        if not _ENTRY.fullmatch(str(value)):
            instead = "take one that `orchestrator unmatched list` shows, such as 1772355600000-0"
            self.fail(f"{str(value)!r} is no entry: {instead}", param, ctx)
        return str(value)


ENTRY = EntryType()
_SHOW_VALUES = click.option("--show-values", is_flag=True, help="Show secrets in values, too.")


@click.group("unmatched", cls=Group)
def command() -> None:
    """See events that no rule reacted to and joins that waited in vain, and send them again."""


@command.command(
    "list",
    examples=[
        "orchestrator unmatched list",
        "orchestrator unmatched list --type ComplaintFiled --since 1h --json",
    ],
)
@click.option("--type", "event_type", help="Only entries with an event of this type.")
@click.option("--since", type=LENGTH, help="Only what was noted within so long, such as 1h.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@click.option("--after", type=ENTRY, help="Go on where the page before ended.")
@_SHOW_VALUES
def list_entries(
    event_type: str | None,
    since: timedelta | None,
    limit: int,
    after: str | None,
    *,
    show_values: bool,
) -> None:
    """List what led to nothing, the newest first, with the rule that came nearest.

    The rules are asked as they are now: after a rule is mended, the list says what would match.
    """
    settings = read_settings()
    judge = Judge(load_rulebook(settings), datetime.now(UTC), show_values)
    start = judge.now - since if since is not None else None
    found = asyncio.run(_select(settings, event_type, start, after, limit))
    rows = [row(noted, judge) for noted in found]
    if rows and output.on_terminal():
        for shown in rows:
            click.echo(line(shown, output.console().width))
    else:
        output.table(COLUMNS, rows, empty="nothing is unmatched")
    if len(found) == limit:
        output.note(f"there may be more: repeat it with --after {found[-1].id}")


@command.command(examples=["orchestrator unmatched show 1772355600000-0"])
@click.argument("entry", metavar="ID", type=ENTRY)
@_SHOW_VALUES
def show(entry: str, *, show_values: bool) -> None:
    """Show an entry in full: its events, and each clause of each rule's guard."""
    settings = read_settings()
    noted = asyncio.run(_find(settings, entry))
    judge = Judge(load_rulebook(settings), datetime.now(UTC), show_values)
    shown = detail(noted, judge)
    if wants_json():
        output.document(shown)
    else:
        width = output.console().width if output.on_terminal() else None
        click.echo(page(shown, noted, judge, width))


@command.command(
    examples=[
        "orchestrator unmatched retry 1772355600000-0 --dry-run",
        "orchestrator unmatched retry --type ComplaintFiled",
    ]
)
@click.argument("entry", metavar="[ID]", type=ENTRY, required=False)
@click.option("--type", "event_type", help="All entries with an event of this type.")
@click.option("--anyway", is_flag=True, help="Also what would lead to nothing again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
def retry(entry: str | None, event_type: str | None, *, anyway: bool, dry_run: bool) -> None:
    """Send events again, to the daemon alone, once a rule is mended.

    They are the same events: rules that reacted to them stay silent. Those of a join that waited in
    vain go to its rule only, as if it had never seen them. What is sent leaves the list.
    """
    if (entry is None) == (event_type is None):
        raise click.UsageError("name one entry, or a --type")
    settings = read_settings()
    judge = Judge(load_rulebook(settings), datetime.now(UTC))
    found = asyncio.run(_meant(settings, entry, event_type))
    ready: list[Noted] = []
    left: list[Noted] = []
    for noted in found:
        is_ready = not noted.entry.cut and (anyway or judge.is_worth_it(noted))
        (ready if is_ready else left).append(noted)
    if not dry_run:
        asyncio.run(_send(settings, ready))
    _tell(ready, left, judge, dry_run=dry_run)


def _tell(sent: Sequence[Noted], left: Sequence[Noted], judge: Judge, *, dry_run: bool) -> None:
    """Say what was sent, and what was not and why."""
    if wants_json():
        rows = [{**row(noted, judge), "sent": not dry_run} for noted in sent]
        rows += [{**row(noted, judge), "sent": False} for noted in left]
        output.document(rows)
    else:
        verb = "would be sent again" if dry_run else "sent again"
        for noted in sent:
            names = ", ".join(f"{event.type} {event.id}" for event in in_order(noted))
            click.echo(output.text(f"{noted.id} {names} {verb}"))
        for noted in left:
            click.echo(output.text(f"{noted.id} not sent: {judge.why_not_sent(noted)}"), err=True)
    if left and not sent:
        raise Misconfigured(f"nothing was sent, because {advice(left)}")


async def _select(
    settings: Settings,
    event_type: str | None,
    since: datetime | None,
    after: str | None,
    limit: int,
) -> list[Noted]:
    found: list[Noted] = []
    async with ledger(settings) as entries:
        async for noted in entries.entries(after=after, since=since):
            if event_type in (None, *(event.type for event in noted.entry.events.values())):
                found.append(noted)
            if len(found) == limit:
                break
    return found


async def _meant(settings: Settings, entry: str | None, event_type: str | None) -> list[Noted]:
    """Return the entries that are meant, the oldest first."""
    if entry is not None:
        return [await _find(settings, entry)]
    found = await _select(settings, event_type, None, None, -1)
    if not found:
        raise Misconfigured(
            f"nothing unmatched holds an event of type {event_type}: `orchestrator unmatched list`"
            " shows what there is"
        )
    return found[::-1]


async def _find(settings: Settings, entry: str) -> Noted:
    async with ledger(settings) as entries:
        found = await entries.find(entry)
    if found is None:
        raise Misconfigured(
            f"there is no entry {entry}, or it is gone: `orchestrator unmatched list` shows them"
        )
    return found


async def _send(settings: Settings, ready: Sequence[Noted]) -> None:
    """Publish entries, and remove each once the broker has its events."""
    async with broker(settings) as connected, ledger(settings) as entries:
        with output.progress("sending again") as report:
            for start in range(0, len(ready), _AT_ONCE):
                part = ready[start : start + _AT_ONCE]
                await connected.publish([each for e in part for each in _messages(e, settings)])
                await entries.remove([noted.id for noted in part])
                report(min(start + _AT_ONCE, len(ready)), len(ready))


def _messages(noted: Noted, settings: Settings) -> list[Message]:
    rule = noted.entry.rule
    name = noted.id if rule else ""
    return [again(event, settings.queue, rule, name) for event in in_order(noted)]
