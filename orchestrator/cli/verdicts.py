"""Prints what tests of rules proved, for people and for programs. Judges nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli import output
from orchestrator.cli.commands import wants_json
from orchestrator.core.expression.times import format_timestamp
from orchestrator.ruletest.moments import as_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.ruletest import Outcome

_SIGNS: Final = {"expected": " ", "different": "!", "unexpected": "+", "unasked": "."}
_COLOURS: Final = {"!": "yellow", "+": "red"}
_LONGEST: Final = 120


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print every case that failed, and how many passed and failed."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if wants_json():
        output.document(_as_json(outcomes, len(failed)))
        return
    for outcome in failed:
        for line in account(outcome):
            click.echo(_coloured(line) if sys.stdout.isatty() else line)
    verdict = f"{len(outcomes) - len(failed)} passed, {len(failed)} failed"
    click.secho(verdict, fg="red" if failed else "green")


def account(outcome: Outcome) -> Iterator[str]:
    """Yield the lines that explain why a case failed: what is wrong, then all that was sent."""
    case = outcome.case
    yield f"FAILED {case.position}: {output.text(case.name)}"
    for failure in outcome.failures:
        yield f"  {output.text(str(failure))}"
    yield "  sent:" if outcome.sent else "  nothing was sent"
    for mark, sent in outcome.sent:
        data = output.text(sent.data)
        shown = data if len(data) <= _LONGEST else f"{data[: _LONGEST - 3]}..."
        yield f"  {_SIGNS[mark]} {as_written(sent.after)} {sent.type} {sent.key} {shown}"


def _coloured(line: str) -> str:
    if line.startswith("FAILED"):
        return click.style(line, bold=True)
    return click.style(line, fg=_COLOURS.get(line[2:3]))


def _as_json(outcomes: Sequence[Outcome], failed: int) -> dict[str, object]:
    return {
        "passed": len(outcomes) - failed,
        "failed": failed,
        "cases": [_case_as_json(outcome) for outcome in outcomes],
    }


def _case_as_json(outcome: Outcome) -> dict[str, object]:
    position = outcome.case.position
    return {
        "name": outcome.case.name,
        "file": position.file,
        "line": position.line,
        "passed": outcome.passed,
        "failures": [
            {
                "file": failure.position.file,
                "line": failure.position.line,
                "column": failure.position.column,
                "message": failure.message,
            }
            for failure in outcome.failures
        ],
        "sent": [
            {
                "type": sent.type,
                "key": sent.key,
                "rule": sent.rule,
                "time": format_timestamp(outcome.case.start + sent.after),
                "data": sent.data,
                "judged": mark,
            }
            for mark, sent in outcome.sent
        ],
    }
