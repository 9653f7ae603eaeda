"""What a correct rule that remembers means: pattern, events, time, key, actions, revision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.definitions import Rule
from orchestrator.core.stateful import (
    MAX_COUNTED,
    Absent,
    AtLeast,
    Count,
    InSequence,
    StatefulRule,
)
from orchestrator.errors import ExpressionError
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.stateful import Pattern
    from tests.unit.rulefile.conftest import Played, Sent

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    """The shipped types with schemas that say nothing: the fields here are invented."""
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


@pytest.mark.parametrize(
    ("event_type", "data", "fires"),
    [
        ("CaseClosed", {"n": 1}, True),
        ("CaseClosed", {"n": 0}, False),
        ("ComplaintFiled", {"n": 1, "amount": 10}, True),
        ("ComplaintFiled", {"n": 1, "amount": 9, "urgent": True}, True),
        ("ComplaintFiled", {"n": 1, "amount": 9, "urgent": False}, False),
        ("ComplaintFiled", {"n": 0, "amount": 10}, False),
    ],
)
def test_events_of_a_list_have_conditions_of_their_own(
    catalog: Catalog, sent: Sent, event_type: str, data: object, *, fires: bool
) -> None:
    """An event asks only the conditions beside its type; what others need, it may lack."""
    rule = only_definition(
        catalog,
        "- when:\n"
        "  - CaseClosed\n"
        "  - {event: ComplaintFiled, if: data.amount > 9 // a comment, as: large}\n"
        "  - {event: ComplaintFiled, if: data.urgent, as: urgent}\n"
        "  if: data.n > 0\n"
        "  then: [CloseCase]\n",
    )

    assert isinstance(rule, Rule)
    assert bool(sent(rule, event_type, data)) == fires


def test_a_failure_in_one_of_several_conditions_names_its_place(
    catalog: Catalog, sent: Sent
) -> None:
    """The conditions are one inside; a dead letter must lead to the one that failed."""
    text = (
        "- when:\n"
        "  - {event: ComplaintFiled, if: data.amount > 1}\n"
        "  - {event: CaseClosed, if: 1 < data.size}\n"
        "  if: data.n > 0\n"
        "  then: [CloseCase]\n"
    )
    rule = only_definition(catalog, text)
    places = []
    for event_type, data in [
        ("ComplaintFiled", {"size": 2}),
        ("CaseClosed", {"amount": 2}),
        ("CaseClosed", {"size": 2}),
    ]:
        with pytest.raises(ExpressionError) as failure:
            sent(rule, event_type, data)
        places.append(str(failure.value).split(" ")[0])

    assert places == ["f.yaml:2:33:", "f.yaml:3:33:", "f.yaml:4:7:"]


WAITS_FOR_A_COMMAND = (
    "- {name: r, when: {all: [CaseClosed, CloseCase]}, within: 1d, then: [SendNotification]}\n"
)


def test_a_command_that_nobody_sends_is_a_warning(catalog: Catalog) -> None:
    """Likely the event that follows it was meant."""
    book, problems = read_rules([("f.yaml", WAITS_FOR_A_COMMAND)], catalog)

    assert book is not None
    (problem,) = problems
    assert str(problem) == (
        'f.yaml:1:38: warning: "CloseCase" is a command that no rule here sends: it may never come'
    )


def test_a_command_that_another_rule_sends_may_be_waited_for(catalog: Catalog) -> None:
    """The control of the test above."""
    sender = "- {when: ComplaintWithdrawn, then: [CloseCase]}\n"

    assert read_rules([("f.yaml", WAITS_FOR_A_COMMAND), ("g.yaml", sender)], catalog)[1] == []


JOIN = "{all: [ComplaintFiled, {event: CaseClosed, as: closed}]}"
TWO_OF_THREE = "{at_least: 2, of: [ComplaintFiled, PermitIssued, {event: CaseClosed, as: closed}]}"
READS = "{send: CloseCase, with: {reason: '${events.closed.data.reason}'}}"


@pytest.mark.parametrize(
    ("when", "key", "action", "warns"),
    [
        (JOIN, "otherwise", READS, True),
        (JOIN, "then", READS, False),
        (TWO_OF_THREE, "then", READS, True),
        (JOIN, "otherwise", READS.replace("with", "if: has(events.closed), with"), False),
        (JOIN, "otherwise", READS.replace("events.closed.", 'events["closed"].'), True),
        (
            JOIN,
            "otherwise",
            "{CloseCase: {reason: \"${get(events.closed.data.reason, '')}\"}}",
            False,
        ),
    ],
)
def test_an_event_that_may_be_missing_is_to_be_asked_for(
    catalog: Catalog, when: str, key: str, action: str, *, warns: bool
) -> None:
    """It would fail only at the end of a window, days after the file was saved."""
    actions = {"then": "[CloseCase]", "otherwise": "[CloseCase]", key: f"[{action}]"}
    text = f"- name: r\n  when: {when}\n  within: 1d\n"
    text += "".join(f"  {name}: {value}\n" for name, value in actions.items())

    book, problems = read_rules([("f.yaml", text)], catalog)

    assert book is not None
    assert [problem.message for problem in problems] == warns * [
        '"closed" may not have come: ask with has(...) first, or read it with get(..., default)'
    ]


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
