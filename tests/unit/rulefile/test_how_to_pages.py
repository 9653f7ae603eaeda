"""Every rule file on a how-to page passes the check as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

PAGES = sorted((Path(__file__).parents[3] / "docs/how-to").glob("*.md"))
EXAMPLES = [
    pytest.param(example, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, example in enumerate(
        re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    )
    if re.search(r"^(workflows|rules):|^- (name|when):", example, re.MULTILINE)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_copied(example: str, catalog: Catalog) -> None:
    """Readers paste examples: each must pass the check as it stands."""
    rulebook, problems = read_rules([("example.yaml", example)], catalog)

    assert problems == []
    assert rulebook is not None


def test_there_are_examples() -> None:
    """The control of the test above, which would pass on pages without any."""
    assert len(EXAMPLES) > 1
