"""The page about the samples lists what is shipped, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import AliasChoices

from consumers.archive.shelf import VARIABLE as ARCHIVE
from consumers.documents.store import VARIABLE as DOCUMENTS
from consumers.hr.staff import VARIABLE as STAFF
from consumers.notify.settings import NotifySettings
from consumers.store import StoreSettings
from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.service.registry import find, installed

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "samples.md").read_text()


def listed(section: str) -> dict[str, str]:
    """What stands in the first column of a section's tables, with the rest of its line."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \|(.*)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def shipped() -> Rulebook:
    """The rules that are shipped."""
    catalog, _ = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None
    rulebook, _ = read_rules(read_rule_files(ROOT / "rules"), catalog)
    assert rulebook is not None
    return rulebook


def test_every_rule_is_listed(shipped: Rulebook) -> None:
    """Whoever looks for an example of a form finds it there."""
    assert listed("Rules").keys() == set(shipped.by_name)


@pytest.mark.parametrize("name", ["first-steps", "first-workflow"])
def test_a_tutorial_counts_what_is_shipped_and_its_own(name: str, shipped: Rulebook) -> None:
    """Who sees other numbers than the page wonders what went wrong."""
    text = (ROOT / "docs" / "tutorials" / f"{name}.md").read_text()
    files = len(read_rule_files(ROOT / "rules"))

    rules = set(re.findall(r"(?<=rules=)\d+|\d+(?= rules in)", text))
    assert rules == {str(len(shipped.definitions) + 1)}
    assert set(re.findall(r"\d+(?= files)", text)) == {str(files + 1)}


@pytest.mark.parametrize("name", installed())
def test_every_service_is_listed_with_what_it_handles(name: str) -> None:
    """A handler that is not told of is one that nobody sends commands to."""
    assert [
        each for each in find(name).handlers if f"`{each}`" not in listed("Services")[name]
    ] == []


def test_every_variable_is_listed() -> None:
    """What is not told of cannot be set."""
    names = {DOCUMENTS, ARCHIVE, STAFF}
    names |= {f"NOTIFY_{name.upper()}" for name in NotifySettings.model_fields}
    for field in StoreSettings.model_fields.values():
        assert isinstance(field.validation_alias, AliasChoices)
        names.add(str(field.validation_alias.choices[0]))

    assert {name for name in listed("Services") if name.isupper()} == names
