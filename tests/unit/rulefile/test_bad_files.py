"""One broken file per mistake, and beside it every line that the check must print for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

TESTDATA = Path(__file__).parent / "testdata"
ACROSS_FILES = re.compile("is already taken|trigger each other")
"""Messages that depend on the rules of other files."""
BAD_FILES = sorted(TESTDATA.glob("*.bad.yaml"))


@pytest.mark.parametrize("file", BAD_FILES, ids=lambda file: file.name)
def test_every_mistake_is_reported_where_it_is_with_what_to_write_instead(
    file: Path, catalog: Catalog
) -> None:
    """The messages are the product: a change of one is a decision, not an accident."""
    expected = file.with_name(file.name.replace(".bad.yaml", ".problems.txt")).read_text()

    rulebook, problems = read_rules([(file.name, file.read_bytes())], catalog)

    assert "".join(f"{problem}\n" for problem in problems) == expected
    assert rulebook is None


def test_problems_of_all_files_come_by_position(catalog: Catalog) -> None:
    """One run shows everything there is to mend, however many files are broken."""
    files = [(file.name, file.read_bytes()) for file in reversed(BAD_FILES)]
    expected = [
        line
        for file in BAD_FILES
        for line in file.with_name(file.name.replace(".bad.yaml", ".problems.txt"))
        .read_text()
        .splitlines()
        if not ACROSS_FILES.search(line)
    ]

    _, problems = read_rules(files, catalog)

    assert set(expected) <= {str(problem) for problem in problems}
    places = [(p.position.file, p.position.line, p.position.column) for p in problems]
    assert places == sorted(places)
