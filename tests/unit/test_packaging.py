"""What an installation from the wheel alone must find: declared packages, and files beside code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OURS = ("orchestrator", "consumers")
# pydantic names the one release that it works with, so a bound of ours could only contradict it.
COMES_WITH_ANOTHER = {"pydantic-core"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> Iterator[str]:
    """Yield the top-level name of every foreign module that packaged code imports."""
    for file in (file for package in OURS for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=names):
                    yield from (alias.name.partition(".")[0] for alias in names)
                case ast.ImportFrom(module=str(module), level=0):
                    yield module.partition(".")[0]


def test_every_import_is_declared() -> None:
    """What only comes along with another package is gone on the day that one stops needing it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {normal(re.split(r"[<>=!~\[ ]", d, maxsplit=1)[0]) for d in project["dependencies"]}
    providers = packages_distributions()
    foreign = set(imported()) - sys.stdlib_module_names - {*OURS}

    missing = {name for name in foreign if not {normal(p) for p in providers[name]} & declared}

    assert {normal(providers[name][0]) for name in missing} == COMES_WITH_ANOTHER


def test_every_file_beside_the_code_is_packaged() -> None:
    """A script or a document that is read from its folder must be in that folder once installed."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packaged = {pattern.removeprefix("*") for pattern in tool["package-data"]["*"]} | {".py"}
    files = [f for package in OURS for f in (ROOT / package).rglob("*") if f.is_file()]

    left_out = [f for f in files if f.suffix != ".pyc" and not f.name.endswith(tuple(packaged))]

    assert left_out == []
