"""``orchestrator rules``: checks rule files. Leaves reading and judging to the rule reader."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli.commands import Group
from orchestrator.cli.context import read_settings
from orchestrator.cli.problems import FORMATS, Summary, report
from orchestrator.rulefile import read_rule_files, read_rules

_FOLDER = click.Path(path_type=Path)


@click.group("rules", cls=Group)
def command() -> None:
    """Check rule files."""


@command.command(
    examples=[
        "orchestrator rules check",
        "orchestrator rules check rules/complaints.yaml",
        "orchestrator rules check --format github",
    ]
)
@click.argument("path", type=_FOLDER, required=False)
@click.option("--schemas", type=_FOLDER, help="Documents, instead of ORCHESTRATOR_SCHEMAS.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", help="How problems are printed."
)
def check(path: Path | None, schemas: Path | None, form: str) -> int:
    """Check the rules at PATH.

    PATH is a file or a folder, ORCHESTRATOR_RULES if left out. Prints file:line:column: level:
    message for every problem in every file. Exit code 0: clean, 1: errors, 3: only warnings.
    """
    settings = read_settings()
    documents = read_schema_files(schemas or settings.schemas)
    catalog, problems = read_catalog(documents)
    if catalog is None:
        # Without the message types every rule would look wrong.
        return report(problems, form, Summary("message type", None, documents))
    files = read_rule_files(path or settings.rules)
    rulebook, found = read_rules(files, catalog)
    count = None if rulebook is None else len(rulebook.definitions)
    return report([*problems, *found], form, Summary("rule", count, files))
