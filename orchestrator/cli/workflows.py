"""``orchestrator workflows``: which there are, how they go, and a start. Decides nothing."""

from __future__ import annotations

import asyncio
import textwrap
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.context import load_rulebook, read_settings
from orchestrator.cli.desk import desk, find_workflow
from orchestrator.cli.gantt import draw
from orchestrator.cli.lengths import LENGTH
from orchestrator.cli.publish import read_payloads
from orchestrator.core.payload import read_json
from orchestrator.core.workflow.machine import Workflow
from orchestrator.operation.account import account
from orchestrator.operation.outline import document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from orchestrator.operation.desk import Started
    from orchestrator.operation.outline import StepDocument

COLUMNS = ("workflow", "starts", "steps", "revision", "description")


@click.group("workflows", cls=Group)
def command() -> None:
    """See the workflows of the rules folder, and start instances of them."""


@command.command("list", examples=["orchestrator workflows list"])
def list_workflows() -> None:
    """List the workflows in the rules folder."""
    rows = [
        {
            "workflow": workflow.name,
            "starts": ", ".join(start.event_type for start in workflow.plan.starts),
            "steps": len(workflow.outline.places),
            "revision": workflow.revision,
            "description": workflow.description,
        }
        for workflow in _workflows().values()
    ]
    columns = COLUMNS[:-1] if output.on_narrow_terminal() else COLUMNS
    output.table(columns, rows, empty="no workflow")


@command.command(examples=["orchestrator workflows show restaurant-opening"])
@click.argument("name")
def show(name: str) -> None:
    """Show the steps of the workflow NAME: what each sends, awaits and waits for."""
    shown = document(find_workflow(_workflows(), name))
    if wants_json():
        output.document(shown)
        return
    click.echo(click.style(shown["name"], bold=True) + f"  {shown['revision']}")
    if shown["description"]:
        click.echo(f"  {shown['description']}")
    starts = ", ".join(shown["starts"]) or "another workflow, or `orchestrator workflows start`"
    click.echo(f"  started by {starts}; on failure: {shown['on_failure']}\n")
    width = output.console().width if output.on_terminal() else None
    for line in _steps(shown["steps"], 1, width):
        click.echo(line)


@command.command(
    examples=[
        "orchestrator workflows start restaurant-opening @application.json --key R-7",
        "orchestrator workflows start restaurant-opening - --wait 30s < application.json",
    ]
)
@click.argument("name")
@click.argument("data", metavar="[JSON|-|@FILE]", default="{}")
@click.option("--key", help="The instance's correlation key; what `by` gives if left out.")
@click.option("--wait", type=LENGTH, help="Wait so long for its end, and show it.")
def start(name: str, data: str, key: str | None, wait: timedelta | None) -> None:
    """Start an instance of the workflow NAME with the input given as JSON, and print its key.

    The input is checked against the schema of the event that starts the workflow.
    """
    (payload,) = read_payloads(data, lines=False)
    started, ended = asyncio.run(_start(name, read_json(payload.text), key, wait))
    if wants_json():
        told = {"workflow": name, "key": started.at.key, "message": started.message}
        output.document(told | ({"instance": ended} if wait else {}))
    elif ended is not None:
        for line in draw(ended, datetime.now(UTC), output.console().width):
            click.echo(line)
    else:
        click.echo(started.at.key)
        if wait:
            shown = quote(started.at.key)
            output.note(
                f"it has not ended: `orchestrator instances show {shown}` shows how far it is, and"
                f" `orchestrator explain {shown}` why, if it has not begun"
            )


async def _start(
    name: str, data: object, key: str | None, wait: timedelta | None
) -> tuple[Started, dict[str, object] | None]:
    async with desk(read_settings()) as there:
        workflow = find_workflow(there.workflows, name)
        started = await there.start(workflow, data, key=key, request=None)
        if wait is None:
            return started, None
        found = await there.wait(started, datetime.now(UTC) + wait)
        return started, account(started.at, found) if found is not None else None


def _workflows() -> dict[str, Workflow]:
    definitions = load_rulebook(read_settings()).definitions
    return {each.name: each for each in definitions if isinstance(each, Workflow)}


def _steps(steps: list[StepDocument], depth: int, width: int | None) -> Iterator[str]:
    """Yield the lines of steps, wrapped where a terminal ends."""
    for step in steps:
        facts = [
            f"{step['kind']} {step['sends']}" if step["sends"] else step["kind"],
            f"awaits {' or '.join(step['awaits'])}" if step["awaits"] else "",
            f"after {', '.join(step['depends_on'])}" if step["depends_on"] else "",
            "if a condition holds" if step["conditional"] else "",
            "for each item" if step["repeated"] else "",
            f"undone by {step['compensated_by']}" if step["compensated_by"] else "",
        ]
        lead = f"{'  ' * depth}{step['name']}: "
        told = lead + "; ".join(fact for fact in facts if fact)
        below = "  " * (depth + 2)
        lines = textwrap.wrap(told, width, subsequent_indent=below) if width else [told]
        yield lines[0].replace(step["name"], click.style(step["name"], bold=True), 1)
        yield from lines[1:]
        yield from _steps(step["steps"], depth + 1, width)
