"""Rules on a schedule, tested as an operator tests them: time passes, and they tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.ruletest import play, read_cases

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.ruletest import Outcome

RULES = """
- name: digest
  when: {every: "0 8 * * MON"}
  timezone: Europe/Berlin
  then:
    - SendNotification:
        {to: boss@example.org, subject: Digest, text: "Until ${data.scheduled_at}"}
    - CloseCase: {reason: "${event.correlationid}"}
- name: reminder
  when: CaseClosed
  then:
    - send: SendNotification
      after: 5d
      with: {to: boss@example.org, subject: Closed, text: Five days ago.}
"""
TICKS = """
- name: c
  start: "2026-03-23T06:59:00Z"
  given: [{advance: 14d}]
  expect:
    - {message: SendNotification, with: {text: "Until 2026-03-23T07:00:00Z"}, at: 1m}
    - {message: CloseCase, key: "digest@2026-03-23T07:00:00Z", rule: digest}
    - {message: SendNotification, with: {text: "Until 2026-03-30T06:00:00Z"}}
    - CloseCase
    - {message: SendNotification, at: "2026-04-06T06:00:00Z"}
    - CloseCase
  expect_none: others
  expect_open: []
"""
BETWEEN_EVENTS = """
- name: c
  start: "2026-03-22T08:00:00Z"
  given: [CaseClosed, {event: CaseClosed, at: 2d}]
  expect: [CloseCase: {reason: "digest@2026-03-23T07:00:00Z"}]
"""
NOT_AT_THE_START = """
- name: c
  start: "2026-03-23T07:00:00Z"
  given: [{advance: 6d}]
  expect_none: others
"""
WITHOUT = """
- name: c
  without_schedules: true
  given: [CaseClosed, {advance: 30d}]
  expect: [SendNotification: {subject: Closed}]
  expect_none: others
"""


async def outcome(catalog: Catalog, text: str) -> Outcome:
    rulebook, problems = read_rules([("rules.yaml", RULES)], catalog)
    assert rulebook is not None, problems
    (case,), problems = read_cases([("t.yaml", text)], catalog, rulebook.by_name.keys())
    assert problems == []
    return await play(case, rulebook)


@pytest.mark.parametrize("text", [TICKS, BETWEEN_EVENTS, NOT_AT_THE_START, WITHOUT])
async def test_a_case_passes(catalog: Catalog, text: str) -> None:
    """Schedules tick on the clock of the case; they are nothing that stays open."""
    assert (await outcome(catalog, text)).failures == ()


@pytest.mark.parametrize(
    "text",
    [
        TICKS.replace("at: 1m", "at: 2m"),
        TICKS.replace("14d", "13d"),
        WITHOUT.replace("  without_schedules: true\n", ""),
    ],
)
async def test_a_wrong_case_fails(catalog: Catalog, text: str) -> None:
    """The control of the test above."""
    assert (await outcome(catalog, text)).failures != ()
