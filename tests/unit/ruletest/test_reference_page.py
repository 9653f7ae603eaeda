"""The reference page says what is so, and its cases pass against the shipped rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.ruletest import play, read_cases
from orchestrator.ruletest.expectations import MESSAGE_FORM
from orchestrator.ruletest.givens import EVENT_FORM
from orchestrator.ruletest.reading import CASE_FORM

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "rule-tests.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
async def test_the_cases_of_the_page_pass(text: str, catalog: Catalog) -> None:
    """People begin with a copy."""
    rulebook, _ = read_rules(read_rule_files(ROOT / "rules"), catalog)
    assert rulebook is not None
    cases, problems = read_cases([("page.yaml", text)], catalog, rulebook.by_name.keys())
    assert problems == []
    outcomes = [await play(case, rulebook) for case in cases]
    assert [str(failure) for outcome in outcomes for failure in outcome.failures] == []


@pytest.mark.parametrize("form", [CASE_FORM, EVENT_FORM, MESSAGE_FORM], ids=lambda form: form.what)
def test_every_key_has_a_row(form: object) -> None:
    """A key that is not described does not exist."""
    rows = re.findall(r"^\| `(?:- )?(\w+)", PAGE, re.MULTILINE)
    assert [key for key in getattr(form, "keys", ("?",)) if key not in rows] == []
