"""What happens in a case: time, timers, repetition and what rules set off. On the real steps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.rulefile import read_rules
from orchestrator.ruletest import Case, play, read_cases
from orchestrator.ruletest.case import Advance, Expected, ExpectedInstance, Given
from tests.engine.definitions import HERE, Pairs, Reminder, rulebook
from tests.engine.world import NOW

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.core.definitions import Rulebook
    from orchestrator.ruletest import Outcome
    from tests.unit.ruletest.conftest import Played

HOUR = timedelta(hours=1)


def case(*steps: Given | Advance, **changes: Any) -> Case:
    """A case that expects nothing of what is sent."""
    attributes: dict[str, Any] = {
        "name": "c",
        "position": HERE,
        "start": NOW,
        "isolated": False,
        "steps": steps,
        "messages": (),
        "unordered": False,
        "never": frozenset(),
        "nothing_else": False,
        "letters": (),
        "instances": None,
    }
    return Case(**(attributes | changes))


def event(event_type: str, at: timedelta | None = None) -> Given:
    """An event of the reminder's case."""
    return Given(event_type, {}, "C", None, "test", None if at is None else NOW + at)


def sent(outcome: Outcome) -> list[tuple[str, timedelta]]:
    """What was sent, and how long after the start."""
    return [(message.type, message.after) for _, message in outcome.sent]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([Advance(HOUR - timedelta(milliseconds=1))], []),
        ([Advance(HOUR)], [("Remind", HOUR)]),
        ([Advance(10 * HOUR)], [("Remind", HOUR), ("Thank", 2 * HOUR)]),
        ([event("Answered", HOUR), Advance(HOUR)], [("Thank", 2 * HOUR)]),
        ([event("Other", HOUR)], [("Remind", HOUR)]),
        (
            [event("Answered", 90 * timedelta(minutes=1)), Advance(HOUR)],
            [("Remind", HOUR), ("Thank", 2 * HOUR)],
        ),
    ],
    ids=["at once", "early", "in time", "in order", "answer at the last moment", "other", "late"],
)
async def test_timers_fire_when_time_passes_them(
    steps: list[Given | Advance], expected: list[tuple[str, timedelta]]
) -> None:
    """A timeout of days is tested in no time: each timer at its moment, behind the events of it."""
    outcome = await play(case(event("Filed"), *steps), rulebook(Reminder()))
    assert sent(outcome) == expected


async def test_an_event_of_the_past_arrives_now() -> None:
    """Late events are the hard part of joins: the event's own time is what it says."""
    steps = (event("Other", 3 * HOUR), event("Filed", HOUR))
    outcome = await play(case(*steps), rulebook(Reminder()))
    # Its hour, counted from the time of the event, is over when it arrives.
    assert sent(outcome) == [("Remind", 3 * HOUR)]


@pytest.mark.parametrize(
    ("steps", "wanted", "passes"),
    [
        ((event("Filed"),), (("pairs", "C"),), True),
        ((event("Filed"), event("Filed")), (), True),
        ((event("Filed"), event("Filed")), (("pairs", "C"),), False),
        ((event("Filed"),), (), False),
        ((event("Filed"),), (("pairs", "D"),), False),
    ],
)
async def test_what_rules_remember_can_be_expected(
    steps: tuple[Given, ...], wanted: tuple[tuple[str, str], ...], *, passes: bool
) -> None:
    """A join that never ends is a mistake that no message shows."""
    instances = tuple(ExpectedInstance(rule, key, HERE) for rule, key in wanted)
    outcome = await play(case(*steps, instances=instances), rulebook(Pairs()))
    assert outcome.passed is passes


async def test_a_repeated_event_is_one_event() -> None:
    """Two deliveries with one id are what a broker does now and then."""
    once = Given("Filed", {}, "C", "e1", "test", None)
    expected = Expected(
        "Paired", None, exactly=False, key=None, rule=None, after=None, position=HERE
    )
    outcome = await play(case(once, once, messages=(expected,)), rulebook(Pairs()))
    assert [failure.message for failure in outcome.failures] == ["Paired was not sent"]


async def test_what_rules_send_sets_off_rules(played: Played) -> None:
    """It does so in production; a case can do without."""
    text = "- name: c\n  given: [ComplaintFiled]\n  isolated: {}\n  expect_none: CloseCase"
    (whole,) = await played(text.format("false"))
    (alone,) = await played(text.format("true"))
    assert [message.type for _, message in whole.sent][2:] == ["InvestigatorUnavailable"]
    assert [message.type for _, message in alone.sent][2:] == []


async def test_rules_that_go_round_in_circles_are_stopped(catalog: Catalog) -> None:
    """A test run must end, and say why it did: as in operation, by the limit of hops."""
    rules = """
- name: ping
  when: PermitIssued
  if: has(data.applicant)
  then:
    - send: PermitDenied
      with: {applicant: "${data.applicant}", permit_type: building, reasons: [No.]}
- name: pong
  when: PermitDenied
  if: has(data.applicant)
  then:
    - send: PermitIssued
      with:
        applicant: ${data.applicant}
        permit_type: building
        permit_number: B-1
        valid_until: "2030-01-01"
"""
    found = _rulebook(rules, catalog)
    text = "- name: c\n  given: [PermitIssued]\n  expect_none: CloseCase"
    cases, _ = read_cases([("t.yaml", text)], catalog, found.by_name.keys())
    outcome = await play(cases[0], found)
    (failure,) = outcome.failures
    assert "dead letter with reason too-many-hops" in str(failure)


def _rulebook(rules: str, catalog: Catalog) -> Rulebook:
    found, problems = read_rules([("r.yaml", rules)], catalog)
    assert found is not None, problems
    return found
