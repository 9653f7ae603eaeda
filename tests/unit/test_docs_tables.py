"""Every table of the documentation is one: a row that stands apart is shown as text with bars."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.unit.test_docs_links import PAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

CODE = re.compile(r"^( *)```.*?^\1```$", re.DOTALL | re.MULTILINE)
TABLE = re.compile(r"(?:^\|.*\n?)+", re.MULTILINE)
BAR = re.compile(r"(?<!\\)\|")


def faults(text: str) -> list[str]:
    """Return the first line of each table that is none, and every row of another width."""
    found = []
    for table in TABLE.findall(CODE.sub("", text)):
        first, *rows = table.splitlines()
        if not rows or not re.fullmatch(r"[| :-]+", rows[0]):
            found.append(first)
            continue
        width = len(BAR.findall(first))
        found += [row for row in rows if len(BAR.findall(row)) != width]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_row_belongs_to_a_table(page: Path) -> None:
    """What is not drawn as a table is not read as one."""
    assert faults(page.read_text()) == []


def test_rows_that_stand_apart_are_found() -> None:
    """The control: a row behind a blank line, and one with a cell too many."""
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"

    assert faults(f"{table}| 3 | 4 | 5 |\n\n| 6 | 7 |\n") == ["| 3 | 4 | 5 |", "| 6 | 7 |"]
    assert faults(table) == []
