"""The commands by which a person steers instances of workflows. Added to ``instances``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.live import Live
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.commands import Command
from orchestrator.cli.context import read_settings
from orchestrator.cli.desk import desk
from orchestrator.cli.gantt import draw
from orchestrator.cli.orders import Choice, Order, give, who
from orchestrator.cli.publish import read_payloads
from orchestrator.core.payload import read_json
from orchestrator.errors import Misconfigured
from orchestrator.operation.account import account, is_workflow
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.operation.desk import Desk

Function = TypeVar("Function", bound="Callable[..., Any]")

_LOOK_SECONDS = 0.3
_AN_HOUR = '--filter \'status == "incident" && unchanged > duration("1h")\' --dry-run'

SAID = (
    click.option("--by", default=who, help="Who says so; you, if left out."),
    click.option("--comment", help="Why; it stands in the log."),
)
"""The options that say who gives an order, and why."""

MANY = (
    click.option(
        "--filter", "condition", help="Many: over workflow, key, status, unchanged (how long)."
    ),
    click.option(
        "--dry-run", is_flag=True, help="Only say which are meant, and what would be refused."
    ),
)
"""The options of an order that may be about many instances."""

_PEOPLE = (
    click.option("--workflow", help="Only of this workflow, where the key has several."),
    *SAID,
)
_SEVERAL = (*_PEOPLE, *MANY)
_STEP = (
    click.argument("key", required=False),
    click.argument("step", required=False, metavar="STEP"),
    *_SEVERAL,
)


def options(chosen: tuple[Callable[[Any], Any], ...]) -> Callable[[Function], Function]:
    """Return a decorator that adds options, in the order written."""

    def added(function: Function) -> Function:
        for option in reversed(chosen):
            function = option(function)
        return function

    return added


@click.command("suspend", cls=Command, examples=["orchestrator instances suspend R-7"])
@click.argument("key", required=False)
@options(_SEVERAL)
def suspend(key: str | None, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Stop an instance for a while: answers are taken in, nothing is sent, no time runs out."""
    _order_several("suspend", key, **given)


@click.command("resume", cls=Command, examples=["orchestrator instances resume R-7"])
@click.argument("key", required=False)
@options(_SEVERAL)
def resume(key: str | None, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Let an instance go on that was suspended."""
    _order_several("resume", key, **given)


@click.command("resolve", cls=Command, examples=[f"orchestrator instances resolve {_AN_HOUR}"])
@click.argument("key", required=False)
@options(_SEVERAL)
def resolve(key: str | None, **given: Any) -> None:  # noqa: ANN401 - the options above
    """End an instance that cannot go on, as it is: nothing more is compensated."""
    _order_several("resolve", key, **given)


@click.command(
    "retry",
    cls=Command,
    examples=[
        "orchestrator instances retry R-7 fire_inspection",
        "orchestrator instances retry fire_inspection --filter 'status == \"incident\"' --dry-run",
    ],
)
@options(_STEP)
def retry(**given: Any) -> None:  # noqa: ANN401 - the options above
    """Send the command of an open STEP again; NAME~ is its compensation, NAME[3] an item.

    STEP may also be `then` or `otherwise`, where the messages at the end are the incident.
    """
    _order_step("retry", **given)


@click.command("skip", cls=Command, examples=["orchestrator instances skip R-7 fire_inspection"])
@options(_STEP)
def skip(**given: Any) -> None:  # noqa: ANN401 - the options above
    """Close a STEP as not to be done, open or still to come; NAME~ is its compensation."""
    _order_step("skip", **given)


_DECISION = (
    click.argument("key"),
    click.argument("step"),
    click.option("--role", required=True, help="As whom: the role that was asked."),
    click.option("--data", metavar="JSON|-|@FILE", help="The form, filled in."),
    *_PEOPLE,
)


@click.command(
    "approve",
    cls=Command,
    examples=["orchestrator instances approve R-7 final_approval --role director --by ines"],
)
@options(_DECISION)
def approve(**given: Any) -> None:  # noqa: ANN401 - the options above
    """Approve a STEP that waits for a person."""
    _decide("approved", **given)


@click.command(
    "reject",
    cls=Command,
    examples=[
        "orchestrator instances reject R-7 final_approval --role director --comment 'no exit'"
    ],
)
@options(_DECISION)
def reject(**given: Any) -> None:  # noqa: ANN401 - the options above
    """Reject a STEP that waits for a person: it fails."""
    _decide("rejected", **given)


@click.command("watch", cls=Command, examples=["orchestrator instances watch R-7"])
@click.argument("key")
@click.option("--workflow", help="Only of this workflow, where the key has several.")
def watch(key: str, workflow: str | None) -> None:
    """Watch an instance of a workflow until it ends.

    On a terminal the picture is kept up to date; piped or with --json, each change is a document.
    """
    asyncio.run(_watch(key, workflow))


COMMANDS = (suspend, resume, resolve, retry, skip, approve, reject, watch)


def _order_several(  # noqa: PLR0913 - the options of a command
    order: str,
    key: str | None,
    *,
    workflow: str | None,
    by: str,
    comment: str | None,
    condition: str | None,
    dry_run: bool,
) -> None:
    choice = Choice.read(key, workflow, condition)
    give(choice, Order(order, {"by": by, "comment": comment}), dry_run=dry_run)


def _order_step(  # noqa: PLR0913 - the options of a command
    order: str,
    *,
    key: str | None,
    step: str | None,
    workflow: str | None,
    condition: str | None,
    dry_run: bool,
    **told: object,
) -> None:
    if condition is not None and step is None:
        key, step = None, key  # where a filter chooses, the one word is the step
    if step is None:
        raise click.UsageError("say which STEP, behind the KEY or beside --filter")
    choice = Choice.read(key, workflow, condition)
    give(choice, Order(order, {"step": step, **told}), dry_run=dry_run)


def _decide(  # noqa: PLR0913 - the options of a command
    decision: str,
    *,
    key: str,
    step: str,
    role: str,
    data: str | None,
    workflow: str | None,
    by: str,
    comment: str | None,
) -> None:
    told: dict[str, object] = {"step": step, "role": role, "by": by, "comment": comment}
    if data is not None:
        (payload,) = read_payloads(data, lines=False)
        told["data"] = read_json(payload.text)
    give(Choice.read(key, workflow, None), Order(decision, told))


async def _watch(key: str, workflow: str | None) -> None:
    async with desk(read_settings()) as there:
        at = await _open_or_ended(there, key, workflow)
        if not output.on_terminal():
            async for shown in _changes(there, at):
                output.document(shown)
            return
        with Live(console=output.console(), auto_refresh=False) as screen:
            async for shown in _changes(there, at, always=True):
                lines = draw(shown, datetime.now(UTC), output.console().width)
                screen.update(Text.from_ansi("\n".join(lines)), refresh=True)


async def _open_or_ended(there: Desk, key: str, workflow: str | None) -> InstanceKey:
    """Return the instance that a key means.

    Raises:
        Misconfigured: no workflow has one, or several have.
    """
    names = [workflow] if workflow is not None else list(there.workflows)
    ats = [InstanceKey(name, key) for name in names]
    looked = [(at, await there.look(at, whole=False)) for at in ats]
    found = [at for at, one in looked if one is not None and is_workflow(one)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(at.definition for at in found)
        raise Misconfigured(f"{key} has instances of {several}: say which, with --workflow")
    raise Misconfigured(
        f"no workflow has an instance for {key}: `orchestrator instances list` shows what there is"
    )


async def _changes(
    there: Desk, at: InstanceKey, *, always: bool = False
) -> AsyncIterator[dict[str, object]]:
    """Yield an instance whenever it has changed, or at every look, until it has ended."""
    seen = None
    while True:
        found = await there.look(at, whole=False)
        if found is None:
            return
        if always or found.version != seen:
            seen = found.version
            yield account(at, found)
        if found.status.final:
            return
        await asyncio.sleep(_LOOK_SECONDS)
