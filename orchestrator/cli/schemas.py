"""``orchestrator schemas``: checks and shows the message types. Leaves reading to the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli import output
from orchestrator.cli.commands import Group, wants_json
from orchestrator.cli.context import find_type, load_catalog, read_settings
from orchestrator.cli.problems import FORMATS, Summary, report

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog, MessageType

_FOLDER = click.Path(path_type=Path)


@click.group("schemas", cls=Group)
def command() -> None:
    """Check and show the message types."""


@command.command(
    examples=[
        "orchestrator schemas check",
        "orchestrator schemas check schemas/permits.yaml --format github",
    ]
)
@click.argument("path", type=_FOLDER, required=False)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", help="How problems are printed."
)
def check(path: Path | None, form: str) -> int:
    """Check the AsyncAPI documents at PATH.

    PATH is a file or a folder, ORCHESTRATOR_SCHEMAS if left out. Prints file:line:column: level:
    message for every problem, examples that break their own schema included. Exit code 0: clean,
    1: errors, 3: only warnings.
    """
    files = read_schema_files(path or read_settings().schemas)
    catalog, problems = read_catalog(files)
    count = None if catalog is None else len(catalog.types)
    return report(problems, form, Summary("message type", count, files))


@command.command(
    examples=[
        "orchestrator schemas show",
        "orchestrator schemas show ComplaintFiled",
        "orchestrator schemas show ComplaintFiled --examples > complaints.jsonl",
    ]
)
@click.argument("type_name", metavar="[TYPE]", required=False)
@click.option("--schemas", type=_FOLDER, help="Documents, instead of ORCHESTRATOR_SCHEMAS.")
@click.option("--examples", is_flag=True, help="Only the examples of TYPE, one to a line.")
def show(type_name: str | None, schemas: Path | None, *, examples: bool) -> None:
    """Show the message type TYPE, or list them all.

    Shows its channel, its schema and examples to copy.
    """
    catalog = load_catalog(schemas or read_settings().schemas)
    if type_name is None:
        _list_types(catalog)
    elif examples:
        for example in find_type(catalog, type_name).examples:
            output.document(example)
    else:
        _show_type(find_type(catalog, type_name))


def _list_types(catalog: Catalog) -> None:
    rows = [
        {"type": t.name, "kind": t.kind, "channel": t.channel, "description": _first_line(t)}
        for t in catalog.types.values()
    ]
    output.table(["type", "kind", "channel", "description"], rows, empty="there are none")


def _show_type(message: MessageType) -> None:
    if wants_json():
        output.document(
            {
                "type": message.name,
                "kind": message.kind,
                "channel": message.channel,
                "description": message.description,
                "defined": str(message.position),
                "schema": message.schema,
                "examples": message.examples,
            }
        )
        return
    click.echo(f"{click.style(message.name, bold=True)}  {message.kind} on {message.channel}")
    click.echo(f"defined in {message.position}")
    if message.description:
        click.echo(f"\n{message.description.rstrip()}")
    click.echo(f"\n{click.style('Schema of its data', bold=True)}\n{_indented(message.schema)}")
    for example in message.examples:
        click.echo(f"\n{click.style('Example', bold=True)}\n{_indented(example)}")


def _first_line(message: MessageType) -> str:
    return message.description.strip().partition("\n")[0]


def _indented(value: object) -> str:
    return output.json_text(value, indented=True)
