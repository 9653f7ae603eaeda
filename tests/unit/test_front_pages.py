"""The pages that people read first name what there is, and only figures that were found."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click

from orchestrator.cli.main import orchestrator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_every_command_is_in_the_readme() -> None:
    """For many it is the only page: a command that it lacks is not tried."""
    told = set(re.findall(r"^\| `orchestrator ([a-z]+)", README, re.MULTILINE))

    assert told == set(orchestrator.list_commands(click.Context(orchestrator)))


def test_the_readme_claims_what_the_benchmark_found() -> None:
    """A figure outlives the run it came from, unless somebody holds the two together."""
    figures = (ROOT / "benchmarks" / "README.md").read_text()
    found = re.findall(r"^\| events/s\b.*\| ([\d.]+) \|$", figures, re.MULTILINE)
    (claimed,) = re.findall(r"([\d.]+) to ([\d.]+) times the\s+events", README)

    assert list(claimed) == sorted(found, key=float)


def test_every_dependency_has_a_reason() -> None:
    """What nobody can say the use of is not needed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=\[]", each)[0] for each in wanted}
    told = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()

    assert {name for name in names if not re.search(rf"\b{name}\b", told)} == set()
