"""Every example of the reference page is a whole rule file without problems."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.rulefile.actions import FULL_FORM
from orchestrator.rulefile.elements import ELEMENT_FORM
from orchestrator.rulefile.rules import RULE_FORM

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

PAGE = (Path(__file__).parents[3] / "docs/reference/rules.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_copied(example: str, catalog: Catalog) -> None:
    """Readers paste examples: each must pass the check as it stands."""
    rulebook, problems = read_rules([("example.yaml", example)], catalog)

    assert problems == []
    assert rulebook is not None


def test_there_are_examples() -> None:
    """The control of the test above, which would pass on a page without any."""
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize("key", [*RULE_FORM.keys, *FULL_FORM.keys, *ELEMENT_FORM.keys])
def test_every_key_is_described(key: str) -> None:
    """A key in no table is a key nobody finds."""
    assert f"| `{key}` |" in PAGE
