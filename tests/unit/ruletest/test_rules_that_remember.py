"""Joins, counts, absences and messages for later, tested as an operator tests them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.ruletest import play, read_cases

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

RULES = """
- name: escalation
  when: {absent: InvestigatorAssigned, after: ComplaintFiled}
  within: 2d
  then: [SendNotification: {to: boss@example.org, subject: Late, text: Nobody is assigned.}]
- name: assigned
  when: {all: [ComplaintFiled, InvestigatorAssigned]}
  within: 2d
  then: [CloseCase: {reason: done}]
  otherwise: [CloseCase: {reason: late}]
- name: offender
  when: {count: ComplaintFiled, at_least: 3}
  within: 30d
  by: data.employer
  then: [SendNotification: {to: boss@example.org, subject: Again, text: Three complaints.}]
- name: reminder
  when: CaseClosed
  then:
    - send: SendNotification
      after: 5d
      with: {to: boss@example.org, subject: Closed, text: Five days ago.}
"""
TIMEOUT = """
- name: c
  given: [ComplaintFiled, {advance: 2d}]
  expect:
    - {message: SendNotification, with: {subject: Late}, at: 2d, rule: escalation}
    - {message: CloseCase, exactly: {reason: late}, at: 2d}
"""
IN_TIME = """
- name: c
  given: [ComplaintFiled, {event: InvestigatorAssigned, at: 47h}, {advance: 60d}]
  expect: [CloseCase: {reason: done}]
  expect_none: others
  expect_open: []
"""
OTHER_ORDER = """
- name: c
  given: [InvestigatorAssigned, {event: ComplaintFiled, at: 47h}]
  expect: [CloseCase: {reason: done}]
"""
COUNT = """
- name: c
  given:
    - {event: ComplaintFiled, key: A}
    - {event: ComplaintFiled, key: B, at: 1h}
    - {event: ComplaintFiled, key: C, at: 2h}
  expect: [SendNotification: {subject: Again}]
  expect_open:
    - {rule: escalation, key: A}
    - {rule: escalation, key: B}
    - {rule: escalation, key: C}
"""
LATER = """
- name: c
  given: [CaseClosed, {advance: 5d}]
  expect: [{message: SendNotification, with: {subject: Closed}, at: 5d}]
"""


async def failures(text: str, catalog: Catalog) -> list[str]:
    """What is not as the cases of a text expect it of these rules."""
    rulebook, problems = read_rules([("r.yaml", RULES)], catalog)
    assert rulebook is not None, problems
    cases, problems = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())
    assert problems == []
    outcomes = [await play(case, rulebook) for case in cases]
    return [str(failure) for outcome in outcomes for failure in outcome.failures]


@pytest.mark.parametrize(
    "text",
    [TIMEOUT, IN_TIME, OTHER_ORDER, COUNT, LATER],
    ids=["timeout", "in time", "other order", "count", "later"],
)
async def test_time_is_tested_without_waiting(text: str, catalog: Catalog) -> None:
    """Nobody waits thirty days for a test, and nobody should have to believe a rule untested."""
    assert await failures(text, catalog) == []


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (TIMEOUT, "advance: 2d", "advance: 47h"),
        (IN_TIME, "at: 47h", "at: 49h"),
        (OTHER_ORDER, "at: 47h", "at: 49h"),
        (COUNT, "at: 2h", "at: 721h"),
        (LATER, "advance: 5d", "advance: 4d"),
    ],
    ids=["timeout", "in time", "other order", "count", "later"],
)
async def test_a_little_more_or_less_time_fails(
    text: str, right: str, wrong: str, catalog: Catalog
) -> None:
    """The negative control: a clock that does not count would pass everything above."""
    assert await failures(text.replace(right, wrong), catalog) != []
