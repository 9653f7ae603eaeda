"""What a correct rule that remembers means: pattern, events, time, key, actions, revision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.stateful import (
    MAX_COUNTED,
    Absent,
    AtLeast,
    Count,
    InSequence,
    StatefulRule,
)
from orchestrator.rulefile import read_rules
from tests.unit.rulefile.reading import only_definition, remembering, without_schemas

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.stateful import Pattern
    from tests.unit.rulefile.conftest import Played

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return without_schemas(catalog)


@pytest.mark.parametrize(
    ("when", "pattern", "types"),
    [
        ("{all: [ComplaintFiled, CaseClosed]}", AtLeast(2), "ComplaintFiled CaseClosed"),
        (
            "{at_least: 2, of: [CaseClosed, ComplaintFiled, PermitIssued]}",
            AtLeast(2),
            "CaseClosed ComplaintFiled PermitIssued",
        ),
        ("{sequence: [CaseClosed, ComplaintFiled]}", InSequence(), "CaseClosed ComplaintFiled"),
        ("{count: ComplaintFiled, at_least: 3}", Count(3), "ComplaintFiled"),
        (f"{{count: CaseClosed, at_least: {MAX_COUNTED}}}", Count(MAX_COUNTED), "CaseClosed"),
        ("{absent: CaseClosed, after: ComplaintFiled}", Absent(), "ComplaintFiled CaseClosed"),
    ],
)
def test_patterns(catalog: Catalog, when: str, pattern: Pattern, types: str) -> None:
    """Of an absence the event that starts it comes first, wherever it is written."""
    rule = remembering(catalog, when)

    assert rule.pattern == pattern
    assert [element.event_type for element in rule.elements] == types.split()
    assert [element.name for element in rule.elements] == types.split()
    assert (rule.name, rule.within, rule.by) == ("r", 2 * DAY, None)


def test_events_have_conditions_and_names(catalog: Catalog) -> None:
    """One type may stand twice, as two events that differ in what they hold."""
    rule = remembering(
        catalog,
        "{all: [{event: ComplaintFiled, if: data.amount > 9, as: large}, ComplaintFiled]}",
    )

    large, other = rule.elements
    assert (large.name, other.name) == ("large", "ComplaintFiled")
    assert rule.triggers == ("ComplaintFiled",)
    assert large.guard is not None
    assert large.guard.holds({"data": {"amount": 10}})
    assert not large.guard.holds({"data": {"amount": 9}})
    assert other.guard is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("48h", 2 * DAY),
        ("1d12h", 1.5 * DAY),
        ("PT48H", 2 * DAY),
        ("P1DT12H", 1.5 * DAY),
        ("1ms", timedelta(milliseconds=1)),
        ("3650d", 3650 * DAY),
        ("1.5h", timedelta(minutes=90)),
    ],
)
def test_lengths_of_time(catalog: Catalog, text: str, length: timedelta) -> None:
    """`within` and `after` are read alike."""
    rest = f"within: {text}, otherwise: [{{send: CloseCase, after: {text}}}]"
    rule = remembering(catalog, "{all: [ComplaintFiled, CaseClosed]}", rest)

    assert rule.within == length
    assert [action.after for action in rule.otherwise] == [length]
    assert [action.after for action in rule.actions] == [None]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("data.case", {"ComplaintFiled": "a", "CaseClosed": "a"}),
        (
            "{ComplaintFiled: data.case, CaseClosed: data.file}",
            {"ComplaintFiled": "a", "CaseClosed": "b"},
        ),
    ],
)
def test_keys(catalog: Catalog, by: str, keys: dict[str, str]) -> None:
    """Every event has a key: the same expression, or each its own."""
    rule = remembering(catalog, "{all: [ComplaintFiled, CaseClosed]}", f"within: 2d, by: {by}")

    scope = {"data": {"case": "a", "file": "b"}}
    assert rule.by is not None
    assert {event_type: key(scope) for event_type, key in rule.by.items()} == keys


def test_actions_read_the_joined_events(catalog: Catalog) -> None:
    """By type, by `as`, and in both ways to write a field."""
    rule = remembering(
        catalog,
        "{sequence: [ComplaintFiled, {event: CaseClosed, as: closed}]}",
        "within: 2d, then: [{send: CloseCase, if: has(events.closed), with: "
        "{reason: \"${events['ComplaintFiled'].data.x}${events.closed.data.x}\"}}]",
    )

    (action,) = rule.actions
    events = {"ComplaintFiled": {"data": {"x": 1}}, "closed": {"data": {"x": 2}}}
    assert action.guard is not None
    assert action.guard.holds({"events": events})
    assert action.data is not None
    assert action.data({"events": events}) == {"reason": "12"}


LETTER = """
- name: r
  when: {sequence: [{event: ComplaintFiled, if: data.amount > 9, as: filed}, CaseClosed]}
  within: 2d
  then:
    - CloseCase: {reason: "${events.filed.data.who} ${events.CaseClosed.id} ${data.why}"}
"""


@pytest.mark.parametrize(
    ("amount", "letters"), [(10, [("CloseCase", {"reason": "Ada e2 done"})]), (9, [])]
)
def test_a_rule_from_a_file_decides(
    catalog: Catalog, played: Played, amount: int, letters: list[object]
) -> None:
    """What was read is what runs: the second event completes what the first began."""
    rule = only_definition(catalog, LETTER)
    filed = ("ComplaintFiled", {"amount": amount, "who": "Ada"})

    assert played(rule, filed, ("CaseClosed", {"why": "done"})) == letters


def test_without_a_limit_there_is_a_warning(catalog: Catalog) -> None:
    """It is possible on purpose, for cases that always end; Redis holds the others for ever."""
    text = "- {name: r, when: {all: [ComplaintFiled, CaseClosed]}, then: [CloseCase]}"

    book, problems = read_rules([("f.yaml", text)], catalog)

    assert book is not None
    (problem,) = problems
    assert str(problem) == (
        "f.yaml:1:13: warning: without `within` this rule remembers for ever what never becomes "
        "complete: add one, such as `within: 30d`"
    )


BASE = (
    "- {name: r, when: {all: [ComplaintFiled, CaseClosed]}, within: 48h, by: data.id, "
    "then: [{send: CloseCase, after: 24h}]}"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [("48h", "2d"), ("48h", "PT48H"), ("24h", "1d"), ("name: r", "name: r, description: d")],
)
def test_the_revision_stays_when_only_the_writing_changes(
    catalog: Catalog, old: str, new: str
) -> None:
    """Open instances must not be set apart by a rewrite of the file."""
    changed = only_definition(catalog, BASE.replace(old, new))

    assert changed.revision == only_definition(catalog, BASE).revision


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("48h", "47h"),
        ("24h", "23h"),
        ("all:", "sequence:"),
        ("all:", "at_least: 1, of:"),
        ("data.id", "data.no"),
        ("CaseClosed", "{event: CaseClosed, if: data.x}"),
        ("CaseClosed", "{event: CaseClosed, as: closed}"),
        ("then", "otherwise: [CloseCase], then"),
    ],
)
def test_the_revision_changes_with_the_meaning(catalog: Catalog, old: str, new: str) -> None:
    """An instance tells by it whether it was opened by another rule of the same name."""
    book, _ = read_rules([("f.yaml", BASE.replace(old, new))], catalog)

    assert book is not None
    (changed,) = book.definitions
    assert isinstance(changed, StatefulRule)
    assert changed.revision != only_definition(catalog, BASE).revision
