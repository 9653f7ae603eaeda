from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.catalog import Catalog, read_catalog, read_schema_files
from orchestrator.rulefile import read_rules
from orchestrator.ruletest import Outcome, play, read_cases

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

ROOT = Path(__file__).parents[3]
RULES = """
- name: intake
  when: ComplaintFiled
  then:
    - SendAcknowledgment
    - AssignInvestigator: {region: "${data.region}", priority: high}
- name: desk
  when: AssignInvestigator
  then:
    - InvestigatorUnavailable: {region: "${data.region}", reason: Nobody works there.}
"""

Played = Callable[[str], Awaitable[list[Outcome]]]
Problems = Callable[[str], list[str]]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The message types this project ships."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    return catalog


@pytest.fixture(scope="session")
def rulebook(catalog: Catalog) -> Rulebook:
    """Two rules, of which the first sets off the second."""
    rulebook, problems = read_rules([("rules.yaml", RULES)], catalog)
    assert rulebook is not None, problems
    return rulebook


@pytest.fixture
def played(catalog: Catalog, rulebook: Rulebook) -> Played:
    """A function that plays the cases of a text."""

    async def outcomes(text: str) -> list[Outcome]:
        cases, problems = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())
        assert problems == []
        return [await play(case, rulebook) for case in cases]

    return outcomes


@pytest.fixture
def problems(catalog: Catalog, rulebook: Rulebook) -> Problems:
    """A function that returns what is wrong with the cases of a text."""

    def found(text: str) -> list[str]:
        _, problems = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())
        return [str(problem) for problem in problems]

    return found
