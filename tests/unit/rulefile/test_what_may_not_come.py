"""Warnings about events and commands that may not have come when a rule reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from tests.unit.rulefile.reading import without_schemas

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog


@pytest.fixture(scope="module")
def catalog(catalog: Catalog) -> Catalog:
    return without_schemas(catalog)


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


EVERYTHING = """
workflows:
  - name: w
    when: ComplaintFiled
    timeout: 1d
    variables: {one: {n: 1}, two: {n: 2}, sum: "${sum(variables.*.n)}"}
    steps:
      close: {send: CloseCase, with: {reason: "${sum(input.*.n) + sum(variables.*.n)}"}}
      again: {send: CloseCase, with: {reason: "${size(steps.*.status) + size(steps.close.*)}"}}
    otherwise: [{CloseCase: {reason: "${size(instance.*) + size(instance.error.*)}"}}]
rules:
  - {name: r, when: {all: [ComplaintFiled, PermitIssued]}, within: 1d,
     then: [{CloseCase: {reason: "${sum(events.*.data.n)}"}}]}
"""


def test_whatever_there_is_may_be_read_at_once(catalog: Catalog) -> None:
    """A star is no name that could be misspelt."""
    book, problems = read_rules([("f.yaml", EVERYTHING)], catalog)

    assert ([str(problem) for problem in problems], book is None) == ([], False)
