"""``orchestrator timers``: what is due later, and an end to it. Knows no rule."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Group
from orchestrator.cli.context import read_settings
from orchestrator.cli.lengths import LENGTH
from orchestrator.cli.memory import give, memory, tell
from orchestrator.cli.remembered import TIMER_COLUMNS, short, timer_row
from orchestrator.engine.firing import asked_for
from orchestrator.engine.orders import cancel_timer
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from datetime import timedelta

    from orchestrator.ports import InstanceKey


@click.group("timers", cls=Group)
def command() -> None:
    """See what is due later, and call it off."""


@command.command(
    "list",
    examples=[
        "orchestrator timers list",
        "orchestrator timers list --before 1h --json",
    ],
)
@click.option("--rule", help="Only those of this rule.")
@click.option("--key", help="Only those of this correlation key.")
@click.option("--before", type=LENGTH, help="Only those due within so long from now.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
def list_timers(rule: str | None, key: str | None, before: timedelta | None, limit: int) -> None:
    """List what is due, the earliest first: what a rule waits for, and messages kept for later.

    A minus before the time that is left says that a timer is late: the daemon is stopped, or still
    decides events that came before.
    """
    now = datetime.now(UTC)
    rows = asyncio.run(_list(rule, key, now, before, limit))
    shown = [short(row) for row in rows] if output.on_terminal() else rows
    output.table(TIMER_COLUMNS, shown, empty="nothing is due")
    if len(rows) == limit:
        output.note("there may be more: choose by --rule, --key or --before, or raise --limit")


@command.command(
    examples=[
        "orchestrator timers cancel C-991 --dry-run",
        "orchestrator timers cancel C-991 --message 1b4e28ba2fa1",
    ]
)
@click.argument("key")
@click.option("--rule", help="Only those of this rule; of all rules if left out.")
@click.option("--message", help="Only the message of this id, or of ids that begin so.")
@click.option("--dry-run", is_flag=True, help="Only say what would be cancelled.")
def cancel(key: str, rule: str | None, message: str | None, *, dry_run: bool) -> None:
    """Call off what is due for the correlation key KEY.

    A message kept for later is never sent. A rule that waits goes on waiting for its events, but no
    longer notices that its time is over: `orchestrator instances cancel` makes it forget them.
    """
    found, changed = asyncio.run(_cancel(key, rule, message, dry_run=dry_run))
    if not found:
        raise Misconfigured(
            f"no such timer is set for the key {key}: `orchestrator timers list --key {key}`"
            " shows which are"
        )
    tell(found, changed, dry_run=dry_run)


async def _list(
    rule: str | None, key: str | None, now: datetime, before: timedelta | None, limit: int
) -> list[dict[str, object]]:
    until = now + before if before is not None else None
    async with memory(read_settings()) as store:
        timers = await store.inspection.timers(definition=rule, key=key, until=until, limit=limit)
        instances = await store.load([asked_for(timer) for timer in timers])
    return [
        timer_row(timer, instance, now) for timer, instance in zip(timers, instances, strict=True)
    ]


async def _cancel(
    key: str, rule: str | None, message: str | None, *, dry_run: bool
) -> tuple[list[InstanceKey], list[InstanceKey]]:
    """Return what was found, and what of it changed meanwhile."""
    async with memory(read_settings()) as store:
        timers = await store.inspection.timers(definition=rule, key=key)
        found = [timer.at for timer in timers if _is_meant(timer.at, message)]
        return found, [] if dry_run else await give(store, cancel_timer, found)


def _is_meant(at: InstanceKey, message: str | None) -> bool:
    return message is None or (bool(at.message) and at.message.startswith(message))
