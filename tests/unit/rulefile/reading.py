"""Reads single rules for tests, with message types of which nothing is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.definitions import Rule
from orchestrator.core.stateful import StatefulRule
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog


def without_schemas(catalog: Catalog) -> Catalog:
    """Return the types with schemas that say nothing: the fields of these tests are invented."""
    types = {name: replace(message, schema=True) for name, message in catalog.types.items()}
    return replace(catalog, types=types)


def only_definition(catalog: Catalog, text: str) -> Rule | StatefulRule:
    """Read a file with one rule that must be without problems."""
    book, problems = read_rules([("f.yaml", text)], catalog)
    assert problems == []
    assert book is not None
    (definition,) = book.definitions
    assert isinstance(definition, Rule | StatefulRule)
    return definition


def remembering(catalog: Catalog, when: str, rest: str = "within: 2d") -> StatefulRule:
    """Read a rule with this `when` and these other keys."""
    then = "" if "then:" in rest else "then: [CloseCase], "
    text = f"- {{name: r, when: {when}, {then}{rest}}}"
    rule = only_definition(catalog, text)
    assert isinstance(rule, StatefulRule)
    return rule
