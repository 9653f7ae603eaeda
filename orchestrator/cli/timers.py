"""``orchestrator timers``: what is due later, and an end to it. Knows no rule."""

from __future__ import annotations

import asyncio
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Group
from orchestrator.cli.context import load_rulebook, read_settings
from orchestrator.cli.cursors import TIMER_CURSOR
from orchestrator.cli.lengths import LENGTH
from orchestrator.cli.memory import give, memory, tell
from orchestrator.cli.remembered import (
    FAILED_COLUMNS,
    TIMER_COLUMNS,
    failed_row,
    short,
    timer_row,
)
from orchestrator.cli.renewing import renewed
from orchestrator.core.status import Status
from orchestrator.engine.firing import asked_for
from orchestrator.engine.orders import cancel_timer, retry_timer
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from orchestrator.adapters.redis import RedisStore
    from orchestrator.ports import InstanceKey, Timer


@click.group("timers", cls=Group)
def command() -> None:
    """See what is due later, and call it off."""


@command.command(
    "list",
    examples=[
        "orchestrator timers list",
        "orchestrator timers list --before 1h --json",
        "orchestrator timers list --failed",
    ],
)
@click.option("--rule", help="Only those of this rule.")
@click.option("--key", help="Only those of this correlation key.")
@click.option("--before", type=LENGTH, help="Only those due within so long from now.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@click.option("--after", type=TIMER_CURSOR, help="Go on where the page before ended.")
@click.option("--failed", is_flag=True, help="List kept messages whose timer failed instead.")
def list_timers(  # noqa: PLR0913 - click passes each option
    rule: str | None,
    key: str | None,
    before: timedelta | None,
    limit: int,
    after: Timer | None,
    *,
    failed: bool,
) -> None:
    """List what is due, the earliest first: what a rule waits for, and messages kept for later.

    A minus before the time that is left says that a timer is late: the daemon is stopped, or still
    decides events that came before. What failed is not set any more: `orchestrator timers retry`
    sets it again. A rule whose timer failed is among `instances list --status incident`.
    """
    now = datetime.now(UTC)
    if failed:
        output.table(FAILED_COLUMNS, asyncio.run(_failed(rule, key)), empty="nothing has failed")
        return
    rows = asyncio.run(_list(rule, key, now, before, after, limit))
    shown = [short(row) for row in rows] if output.on_terminal() else rows
    columns = TIMER_COLUMNS[1:] if output.on_narrow_terminal() else TIMER_COLUMNS
    output.table(columns, shown, empty="nothing is due")
    if len(rows) == limit:
        where = shlex.quote(output.text(rows[-1]["cursor"]))
        output.note(f"there may be more: repeat it with --after {where}")


@command.command(
    examples=[
        "orchestrator timers retry C-991 --dry-run",
        "orchestrator timers retry C-991 --rule complaints-closed",
    ]
)
@click.argument("key")
@click.option("--rule", help="Only those of this rule; of all rules if left out.")
@click.option("--dry-run", is_flag=True, help="Only say what would be tried again.")
def retry(key: str, rule: str | None, *, dry_run: bool) -> None:
    """Try again at once what failed for the correlation key KEY when its time had come.

    That is kept messages, and rules that wait. What made them fail should be mended first: a rule
    that has been changed since then goes by its words of now, once a daemon has taken them over.
    """
    found, changed = asyncio.run(_retry(key, rule, dry_run=dry_run))
    if not found:
        raise Misconfigured(
            f"nothing has failed for the key {key}: `orchestrator timers list --failed` and"
            " `orchestrator instances list --status incident` show what has"
        )
    tell(found, changed, dry_run=dry_run, done="set again")


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
            f"no such timer is set for the key {key}: `orchestrator timers list"
            f" --key {shlex.quote(key)}` shows which are"
        )
    tell(found, changed, dry_run=dry_run)


async def _list(  # noqa: PLR0913, PLR0917 - click passes each option
    rule: str | None,
    key: str | None,
    now: datetime,
    before: timedelta | None,
    after: Timer | None,
    limit: int,
) -> list[dict[str, object]]:
    until = now + before if before is not None else None
    async with memory(read_settings()) as store:
        timers = await store.inspection.timers(
            definition=rule, key=key, until=until, after=after, limit=limit
        )
        instances = await store.load([asked_for(timer) for timer in timers])
    return [
        timer_row(timer, instance, now) for timer, instance in zip(timers, instances, strict=True)
    ]


async def _failed(rule: str | None, key: str | None) -> list[dict[str, object]]:
    async with memory(read_settings()) as store:
        found = await _failed_messages(store, key, rule)
        instances = await store.load(found)
    return [failed_row(at, instance) for at, instance in zip(found, instances, strict=True)]


async def _failed_messages(
    store: RedisStore, key: str | None, rule: str | None
) -> list[InstanceKey]:
    return [
        at
        for at in await store.inspection.failed_messages()
        if rule in (None, at.definition) and key in (None, at.key)
    ]


async def _retry(
    key: str, rule: str | None, *, dry_run: bool
) -> tuple[list[InstanceKey], list[InstanceKey]]:
    """Return what was found, and what of it changed meanwhile."""
    async with memory(read_settings()) as store:
        messages = await _failed_messages(store, key, rule)
        incidents = [
            each.at
            for each in await store.inspection.remembered(key)
            if each.status is Status.INCIDENT and rule in (None, each.at.definition)
        ]
        found = [*messages, *incidents]
        if dry_run:
            return found, []
        revisions = await _renewed(store, incidents) if incidents else {}
        return found, await give(store, retry_timer(datetime.now(UTC), revisions), found)


async def _renewed(store: RedisStore, ats: Sequence[InstanceKey]) -> Mapping[InstanceKey, str]:
    """Return by which revisions these go on where their rules have been changed."""
    loaded = zip(ats, await store.load(ats), strict=True)
    incidents = {at: instance for at, instance in loaded if instance is not None}
    return renewed(incidents, load_rulebook(read_settings()), await store.definitions())


async def _cancel(
    key: str, rule: str | None, message: str | None, *, dry_run: bool
) -> tuple[list[InstanceKey], list[InstanceKey]]:
    """Return what was found, and what of it changed meanwhile."""
    async with memory(read_settings()) as store:
        timers = await store.inspection.timers(definition=rule, key=key)
        meant = [timer.at for timer in timers if _is_meant(timer.at, message)]
        found = [at for at in meant if not at.piece]  # a workflow's own matter
        return found, [] if dry_run else await give(store, cancel_timer, found)


def _is_meant(at: InstanceKey, message: str | None) -> bool:
    return message is None or (bool(at.message) and at.message.startswith(message))
