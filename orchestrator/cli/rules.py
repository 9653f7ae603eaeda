"""``orchestrator rules``: checks, tests and draws rules. Leaves reading and judging to others."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.cli import graph, output
from orchestrator.cli.commands import Group
from orchestrator.cli.context import load_catalog, read_settings
from orchestrator.cli.junit import write_junit
from orchestrator.cli.live import tell_live
from orchestrator.cli.problems import ERRORS, FORMATS, Summary, report
from orchestrator.cli.recording import record_case
from orchestrator.cli.starting import START
from orchestrator.cli.verdicts import print_outcomes
from orchestrator.errors import InvalidDefinitions
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.rulefile.windows import told_windows
from orchestrator.ruletest import play, read_cases, read_test_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.rabbit.log import Start
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest import Case, Outcome
    from orchestrator.settings import Settings

_FOLDER = click.Path(path_type=Path)


@click.group("rules", cls=Group)
def command() -> None:
    """Check, test and draw rule files."""


command.add_command(graph.command)


@command.command(
    examples=[
        "orchestrator rules check",
        "orchestrator rules check rules/complaints.yaml",
        "orchestrator rules check --format github",
        "orchestrator rules check --live",
    ]
)
@click.argument("path", type=_FOLDER, required=False)
@click.option("--schemas", type=_FOLDER, help="Documents, instead of ORCHESTRATOR_SCHEMAS.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", help="How problems are printed."
)
@click.option("--live", is_flag=True, help="Also say what it means for what is open now.")
def check(path: Path | None, schemas: Path | None, form: str, *, live: bool) -> int:
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
    if rulebook is not None:
        _tell_windows(settings, rulebook)
    more: dict[str, object] = {}
    if live and rulebook is not None:
        more["live"] = tell_live(settings, rulebook, is_part=_is_part(path, settings.rules))
    return report([*problems, *found], form, Summary("rule", count, files), more)


def _is_part(path: Path | None, rules: Path) -> bool:
    """Tell whether a path is a part of the folder of rules: what is not there is not gone."""
    return path is not None and rules.resolve() in path.resolve().parents


@command.command(
    examples=[
        "orchestrator rules test",
        "orchestrator rules test rules/tests/complaints.yaml",
        "orchestrator rules test --junit rule-tests.xml",
        "orchestrator rules test --record C-991 > rules/tests/c-991.yaml",
    ]
)
@click.argument("path", type=_FOLDER, required=False)
@click.option("--rules", type=_FOLDER, help="Rules under test, instead of ORCHESTRATOR_RULES.")
@click.option("--schemas", type=_FOLDER, help="Documents, instead of ORCHESTRATOR_SCHEMAS.")
@click.option("--junit", type=_FOLDER, metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--record", metavar="KEY", help="Print what happened to KEY as a test instead.")
@click.option(
    "--from", "start", type=START, default="first", help="Read the log from here: as for tail."
)
@click.option("--with-data", is_flag=True, help="Record texts as they are, without placeholders.")
def test(  # noqa: PLR0913, PLR0917 - click passes each option
    path: Path | None,
    rules: Path | None,
    schemas: Path | None,
    junit: Path | None,
    record: str | None,
    start: Start,
    *,
    with_data: bool,
) -> int:
    """Test the rules with the cases at PATH, on a virtual clock.

    PATH is a file, or a folder whose `tests` folders hold the cases; the folder of the rules if
    left out. Nothing is started and nothing is sent. Exit code 0: all passed, 1: some failed.
    """
    settings = read_settings()
    folder = rules or settings.rules
    catalog = load_catalog(schemas or settings.schemas)
    rulebook, found = read_rules(read_rule_files(folder), catalog)
    if rulebook is None:
        raise InvalidDefinitions(found)
    if record is not None:
        return record_case(settings, rulebook, catalog, record, start, with_data=with_data)
    files = read_test_files(path or folder)
    cases, problems = read_cases(files, catalog, rulebook.by_name.keys())
    if problems:
        return report(problems, "text", Summary("case", None, files))
    outcomes = asyncio.run(_play_all(cases, rulebook))
    if junit is not None:
        write_junit(outcomes, junit)
    print_outcomes(outcomes)
    return 0 if all(outcome.passed for outcome in outcomes) else ERRORS


def _tell_windows(settings: Settings, rulebook: Rulebook) -> None:
    """Say beside the problems what is often meant: it is no reason to refuse, or to warn."""
    told = told_windows(rulebook, timedelta(hours=settings.dedupe_hours))
    if told:
        output.note(f"note: {told}")


async def _play_all(cases: Sequence[Case], rulebook: Rulebook) -> list[Outcome]:
    return [await play(case, rulebook) for case in cases]
