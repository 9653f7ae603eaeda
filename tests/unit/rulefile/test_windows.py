"""Which rules wait longer than a repeated event is known for one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.rulefile.windows import told_windows

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

DAY = timedelta(hours=24)
RULE = (
    "- {{name: {name}, when: {{all: [ComplaintFiled, CaseClosed]}}, {within} then: [CloseCase]}}\n"
)


def told(catalog: Catalog, *withins: str) -> str | None:
    """What is said about rules with such windows."""
    text = "".join(
        RULE.format(name=f"r{number}", within=within) for number, within in enumerate(withins)
    )
    book, problems = read_rules([("f.yaml", text)], catalog)
    assert book is not None, problems
    return told_windows(book, DAY)


@pytest.mark.parametrize("within", ["within: 1h,", "within: 24h,"])
def test_a_window_within_the_memory_of_the_store_is_no_matter(
    catalog: Catalog, within: str
) -> None:
    """What comes again later than that lies outside of the window."""
    assert told(catalog, within) is None


def test_the_longest_is_named(catalog: Catalog) -> None:
    """It says how far the setting would have to go."""
    assert told(catalog, "within: 2d,", "within: 1h,", "within: 36h,") == (
        "2 rules wait longer than duplicates are recognised (1d), r0 the longest (2d): an event"
        " that was used up and is sent again after that counts anew"
    )
    assert str(told(catalog, "within: 25h,")).startswith("1 rule waits longer")
