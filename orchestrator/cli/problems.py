"""Prints the problems of files for people, for programs and for pull requests. Finds none."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli import output
from orchestrator.cli.commands import wants_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized

    from orchestrator.core.problem import Problem

FORMATS: Final = ("text", "json", "github")

NOTHING_MORE: Final[Mapping[str, object]] = MappingProxyType({})

CLEAN, ERRORS, ONLY_WARNINGS = 0, 1, 3

_COLOURS = {"error": "red", "warning": "yellow"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What was checked.

    Attributes:
        thing: what was counted, such as ``rule``.
        count: how many there are; None when errors prevent counting.
        files: what was read.
    """

    thing: str
    count: int | None
    files: Sized

    def __str__(self) -> str:
        """Return it without a verdict."""
        files = _count(len(self.files), "file")
        return files if self.count is None else f"{_count(self.count, self.thing)} in {files}"


def report(
    problems: Sequence[Problem],
    form: str,
    summary: Summary,
    more: Mapping[str, object] = NOTHING_MORE,
) -> int:
    """Print `problems` and return the exit code they mean.

    Args:
        problems: what was found, in the order to print.
        form: one of `FORMATS`; ``--json`` overrides it.
        summary: what was checked.
        more: what the document for programs holds beside the problems.
    """
    errors = sum(problem.level == "error" for problem in problems)
    warnings = len(problems) - errors
    if wants_json() or form == "json":
        output.document({**_as_json(problems, errors, warnings), **more})
    else:
        for problem in problems:
            click.echo(_annotation(problem) if form == "github" else _line(problem))
        output.note(_verdict(summary, errors, warnings))
    if errors:
        return ERRORS
    return ONLY_WARNINGS if warnings else CLEAN


def _as_json(problems: Sequence[Problem], errors: int, warnings: int) -> dict[str, object]:
    found = [
        {
            "file": problem.position.file,
            "line": problem.position.line,
            "column": problem.position.column,
            "level": problem.level,
            "message": problem.message,
        }
        for problem in problems
    ]
    return {"errors": errors, "warnings": warnings, "problems": found}


def _line(problem: Problem) -> str:
    if not sys.stdout.isatty():
        return output.text(str(problem))
    level = click.style(problem.level, fg=_COLOURS[problem.level], bold=True)
    place = click.style(output.text(str(problem.position)), bold=True)
    return f"{place}: {level}: {output.text(problem.message)}{_excerpt(problem)}"


def _excerpt(problem: Problem) -> str:
    """Return the line in question with a mark under the column; nothing if it cannot be read."""
    position = problem.position
    try:
        with Path(position.file).open(encoding="utf-8") as file:
            line = next(islice(file, position.line - 1, None), "")
    except (OSError, UnicodeDecodeError):
        return ""
    if not line.strip():
        return ""
    number = click.style(f"{position.line:5} │", dim=True)
    margin = click.style("      │", dim=True)
    mark = click.style("^", fg=_COLOURS[problem.level], bold=True)
    return f"\n{number} {output.text(line.rstrip())}\n{margin} {' ' * (position.column - 1)}{mark}"


def _annotation(problem: Problem) -> str:
    """Return a workflow command of GitHub Actions, which shows it beside the line."""
    place = problem.position
    properties = ",".join(
        f"{name}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in (("file", place.file), ("line", place.line), ("col", place.column))
    )
    return f"::{problem.level} {properties}::{_escaped(problem.message)}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _verdict(summary: Summary, errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return click.style(f"{summary}: no problems", fg="green")
    counted = [_count(n, word) for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return f"{summary}: {', '.join(counted)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
