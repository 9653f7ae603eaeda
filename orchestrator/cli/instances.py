"""``orchestrator instances``: what rules remember, and an end to it. Knows no rule."""

from __future__ import annotations

import asyncio
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.context import read_settings
from orchestrator.cli.cursors import CURSOR
from orchestrator.cli.gantt import draw
from orchestrator.cli.lengths import LENGTH
from orchestrator.cli.memory import give as forget
from orchestrator.cli.memory import memory, tell
from orchestrator.cli.orders import Choice, Order, give
from orchestrator.cli.remembered import (
    FINISHED_COLUMNS,
    INSTANCE_COLUMNS,
    detail,
    finished_detail,
    finished_row,
    instance_row,
    near,
    page,
)
from orchestrator.cli.steering import COMMANDS, MANY, SAID, options
from orchestrator.core.status import Status
from orchestrator.engine.orders import cancel as cancelling
from orchestrator.errors import Misconfigured
from orchestrator.operation.account import account, is_workflow
from orchestrator.ports import FinishedInstance, OpenInstance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from orchestrator.adapters.redis import RedisStore
    from orchestrator.core.decision import Instance
    from orchestrator.operation.pages import Place
    from orchestrator.ports import InstanceKey

_ENDED_SHOWN = 20
_NAME = click.option("--rule", "--workflow", "rule", help="Only of this rule or workflow.")


@click.group("instances", cls=Group)
def command() -> None:
    """See what is open: instances of workflows, and what rules remember; steer it, or end it."""


for _steering in COMMANDS:
    command.add_command(_steering)


@command.command(
    "list",
    examples=[
        "orchestrator instances list",
        "orchestrator instances list --rule complaints-closed --stuck 1h --json",
        "orchestrator instances list --status faulted",
    ],
)
@_NAME
@click.option(
    "--status",
    type=click.Choice([each.value for each in Status]),
    help="Only these; what has ended is listed only so.",
)
@click.option("--stuck", type=LENGTH, help="Only those unchanged for so long, the longest first.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@click.option("--after", type=CURSOR, help="Go on where the page before ended.")
def list_instances(
    rule: str | None,
    status: str | None,
    stuck: timedelta | None,
    limit: int,
    after: Place | None,
) -> None:
    """List what is open, the newest change first, or what has ended.

    Where a page is full, the next one is named on standard error; with --json, every entry has the
    cursor that --after takes. What has ended is known for ORCHESTRATOR_RETENTION_HOURS.
    """
    now = datetime.now(UTC)
    chosen = Status(status) if status else None
    _refuse_mixed(chosen, stuck, after)
    if chosen is not None and chosen.final:
        past = after if isinstance(after, FinishedInstance) else None
        ended = asyncio.run(_list_finished(rule, chosen, past, limit))
        rows = [finished_row(each, now) for each in ended]
        output.table(_fitting(FINISHED_COLUMNS), rows, empty="none has ended so")
    else:
        place = after if isinstance(after, OpenInstance) else None
        since = now - stuck if stuck is not None else None
        found = asyncio.run(_list(rule, chosen, since, place, limit))
        rows = [instance_row(each, now) for each in found]
        shown = [near(row, now) for row in rows] if output.on_narrow_terminal() else rows
        output.table(_fitting(INSTANCE_COLUMNS), shown, empty="no open instance")
    if len(rows) == limit:
        where = shlex.quote(output.text(rows[-1]["cursor"]))
        output.note(f"there may be more: repeat it with --after {where}")


def _fitting(columns: Sequence[str]) -> Sequence[str]:
    """Leave out the moment where a terminal is narrow: how long ago it was says enough."""
    return columns[1:] if output.on_narrow_terminal() else columns


def _refuse_mixed(status: Status | None, stuck: timedelta | None, after: Place | None) -> None:
    ended = status is not None and status.final
    if ended and stuck is not None:
        raise click.UsageError("--stuck is for what is open: leave it out")
    if after is not None and isinstance(after, FinishedInstance) is not ended:
        raise click.UsageError("--after is of another list: repeat the options of the page before")


@command.command(examples=["orchestrator instances show C-991"])
@click.argument("key")
@_NAME
def show(key: str, rule: str | None) -> None:
    """Show what is remembered under the correlation key KEY, in full.

    What has ended follows, the last first: with its last state where that is kept. An instance of a
    workflow is drawn over time, step by step.
    """
    details = asyncio.run(_show(key, rule))
    if not details:
        raise _nothing(key, rule)
    if wants_json():
        output.document(details)
        return
    for shown in details:
        click.echo(page(shown) if "steps" not in shown else _picture(shown))


@command.command(
    examples=[
        "orchestrator instances cancel C-991 --dry-run",
        "orchestrator instances cancel C-991 --rule complaints-closed",
        "orchestrator instances cancel --workflow permit --filter 'unchanged > duration(\"30d\")'",
    ]
)
@click.argument("key", required=False)
@_NAME
@options((*SAID, *MANY))
def cancel(  # noqa: PLR0913 - the options of a command
    key: str | None,
    rule: str | None,
    by: str,
    comment: str | None,
    condition: str | None,
    *,
    dry_run: bool,
) -> None:
    """Cancel what is open under the correlation key KEY.

    An instance of a workflow takes back what it did, and ends; many are chosen with --filter. What
    a rule remembers is forgotten, with its timer, and nothing is sent: neither what the rule would
    have sent nor what it sends when time is over. What changes at that very moment stays, and is
    told. Messages kept for later stay, too: `orchestrator timers cancel` is for them.
    """
    order = Order("cancel", {"by": by, "comment": comment})
    choice = Choice.read(key, rule, condition)
    if key is None:
        give(choice, order, dry_run=dry_run)
        return
    found = asyncio.run(_found(key, rule))
    if not found:
        raise _nothing(key, rule)
    remembered = [each for each, instance in found if not is_workflow(instance)]
    is_all = len(remembered) == len(found)
    told: list[dict[str, object]] = []
    if remembered:
        changed = [] if dry_run else asyncio.run(_forget(remembered))
        told = tell(remembered, changed, dry_run=dry_run, is_all=is_all)
    if not is_all:
        give(choice, order, dry_run=dry_run, before=told)


def _picture(shown: dict[str, object]) -> str:
    return "\n".join(draw(shown, datetime.now(UTC), output.console().width)) + "\n"


def _nothing(key: str, rule: str | None) -> Misconfigured:
    by = f" by {rule}" if rule else ""
    return Misconfigured(
        f"nothing is remembered{by} under the key {key}: `orchestrator instances list` shows what"
        " there is"
    )


async def _list(
    rule: str | None,
    status: Status | None,
    since: datetime | None,
    after: OpenInstance | None,
    limit: int,
) -> list[OpenInstance]:
    async with memory(read_settings()) as store:
        return await store.inspection.open_instances(
            definitions=(rule,) if rule is not None else None,
            status=status,
            unchanged_since=since,
            after=after,
            limit=limit,
        )


async def _list_finished(
    rule: str | None, status: Status, after: FinishedInstance | None, limit: int
) -> list[FinishedInstance]:
    async with memory(read_settings()) as store:
        return await store.inspection.finished(
            definition=rule, status=status, after=after, limit=limit
        )


async def _show(key: str, rule: str | None) -> list[dict[str, object]]:
    async with memory(read_settings()) as store:
        found = await _remembered(store, key, rule)
        ats = [each.at for each in found]
        instances = await store.load(ats, dict.fromkeys(ats, ()))
        ended = await store.inspection.finished(definition=rule, key=key, limit=_ENDED_SHOWN)
        last = [await store.inspection.last_state(each.at) if each.kept else None for each in ended]
    shown = [
        account(each.at, instance) if is_workflow(instance) else detail(each, instance)
        for each, instance in zip(found, instances, strict=True)
        if instance is not None  # it ended while we looked
    ]
    return shown + [_ended(each, state) for each, state in zip(ended, last, strict=True)]


def _ended(found: FinishedInstance, last: Instance | None) -> dict[str, object]:
    if last is not None and (last.status, last.revision) != (found.status, found.revision):
        last = None  # the key was used again, and only the last end of it is kept
    if last is not None and is_workflow(last):
        return account(found.at, last)
    return finished_detail(found, last)


async def _found(key: str, rule: str | None) -> list[tuple[InstanceKey, Instance]]:
    async with memory(read_settings()) as store:
        named = [each.at for each in await _remembered(store, key, rule)]
        instances = await store.load(named)
    return [(at, found) for at, found in zip(named, instances, strict=True) if found is not None]


async def _forget(instances: list[InstanceKey]) -> list[InstanceKey]:
    """Forget what rules remember; return what changed meanwhile."""
    async with memory(read_settings()) as store:
        return await forget(store, cancelling, instances)


async def _remembered(store: RedisStore, key: str, rule: str | None) -> list[OpenInstance]:
    found = await store.inspection.remembered(key)
    return [each for each in found if rule in (None, each.at.definition)]
