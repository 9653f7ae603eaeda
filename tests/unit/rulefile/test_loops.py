"""Rules that trigger each other: refused where nothing ends it, allowed where something may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from tests.unit.rulefile.reading import without_schemas

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return without_schemas(catalog)


@pytest.mark.parametrize(
    ("when", "is_loop"),
    [
        ("{count: ReviewPermit, at_least: 1}", True),
        ("{at_least: 1, of: [PermitIssued, ReviewPermit]}", True),
        ("{count: ReviewPermit, at_least: 2}", False),
        ("{count: {event: ReviewPermit, if: data.n > 0}, at_least: 1}", False),
    ],
)
def test_a_pattern_that_one_event_completes_is_no_condition(
    catalog: Catalog, when: str, *, is_loop: bool
) -> None:
    """It fires on every event, and so without end."""
    text = f"- {{name: a, when: {when}, within: 1d, then: [ReviewPermit]}}"

    book, problems = read_rules([("f.yaml", text)], catalog)

    assert (book is None) == is_loop
    assert any("without end" in problem.message for problem in problems) == is_loop


def test_rules_of_a_loop_may_stand_in_several_files(catalog: Catalog) -> None:
    """Nobody sees such a loop by reading one file."""
    files = [
        ("a.yaml", "- {name: a, when: ReviewPermit, then: [IssuePermit]}"),
        ("b.yaml", "- {name: b, when: IssuePermit, then: [{send: ReviewPermit, after: 1d}]}"),
    ]

    book, problems = read_rules(files, catalog)

    assert book is None
    (problem,) = problems
    assert str(problem) == (
        'a.yaml:1:3: error: these rules trigger each other without end: "a" sends IssuePermit, '
        '"b" sends ReviewPermit: give one of them an `if`'
    )


@pytest.mark.parametrize(
    "broken",
    [
        "when: ReviewPermit, if: data.n > 0",
        "when: [{event: ReviewPermit, if: data.n > 0}]",
        "when: {all: [ReviewPermit, PermitIssued]}, within: 1d",
        "when: ReviewPermit, enabled: false",
        "when: ReviewPermit, for_each: data.list",
    ],
)
def test_a_loop_with_a_condition_anywhere_is_allowed(catalog: Catalog, broken: str) -> None:
    """It can end."""
    text = (
        f"- {{name: a, {broken}, then: [IssuePermit]}}\n"
        "- {name: b, when: IssuePermit, then: [ReviewPermit]}\n"
    )

    book, problems = read_rules([("f.yaml", text)], catalog)

    assert problems == []
    assert book is not None


@pytest.mark.parametrize(
    ("rest", "is_loop"),
    [
        ("steps: {a: {send: ReviewPermit}}", True),
        ("steps: {a: {wait: 1h}}, then: [ReviewPermit]", True),
        ("steps: {a: {send: IssuePermit, compensate: ReviewPermit}}", False),
        ("steps: {a: {wait: 1h}}, otherwise: [ReviewPermit]", False),
    ],
)
def test_what_a_workflow_sends_when_it_fails_is_no_loop(
    catalog: Catalog, rest: str, *, is_loop: bool
) -> None:
    """It begins again only if something went wrong, which is a condition."""
    text = f"workflows: [{{name: w, when: ReviewPermit, timeout: 1d, {rest}}}]"

    book, problems = read_rules([("f.yaml", text)], catalog)

    assert (book is None) == is_loop
    assert any("without end" in problem.message for problem in problems) == is_loop


def test_a_long_loop_is_cut_in_its_message(catalog: Catalog) -> None:
    """A message stays on one line that one can read."""
    one = catalog.types["ReviewPermit"]
    names = [f"T{number}" for number in range(9)]
    types = {name: replace(one, name=name) for name in names}
    text = "".join(
        f"- {{when: {name}, then: [{after}]}}\n"
        for name, after in zip(names, [*names[1:], names[0]], strict=True)
    )

    _, problems = read_rules([("f.yaml", text)], replace(catalog, types=types))

    (problem,) = problems
    assert "and 4 more" in problem.message
    assert len(problem.message) < 300
