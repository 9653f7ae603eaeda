"""The cases in rules/tests/, on the rules they are shipped with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.ruletest import play, read_cases, read_test_files

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest import Case

RULES = Path(__file__).parents[3] / "rules"


@pytest.fixture(scope="module")
def shipped(catalog: Catalog) -> Rulebook:
    """The shipped rules."""
    rulebook, problems = read_rules(read_rule_files(RULES), catalog)
    assert rulebook is not None, problems
    return rulebook


@pytest.fixture(scope="module")
def cases(catalog: Catalog, shipped: Rulebook) -> list[Case]:
    """The shipped cases, which are without mistakes."""
    cases, problems = read_cases(read_test_files(RULES), catalog, shipped.by_name.keys())
    assert problems == []
    return cases


async def test_every_shipped_case_passes(cases: list[Case], shipped: Rulebook) -> None:
    """The first thing one runs after editing a rule must start green."""
    outcomes = [await play(case, shipped) for case in cases]
    assert [str(failure) for outcome in outcomes for failure in outcome.failures] == []


async def test_every_shipped_rule_is_seen_at_work(cases: list[Case], shipped: Rulebook) -> None:
    """A rule without a case can break unnoticed. Only what a case expected counts as seen."""
    outcomes = [await play(case, shipped) for case in cases]
    seen = {sent.rule for outcome in outcomes for mark, sent in outcome.sent if mark == "expected"}
    assert shipped.by_name.keys() - seen == set()
