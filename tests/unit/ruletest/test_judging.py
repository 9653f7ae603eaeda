"""What passes and what fails, and what a failure says. Each expectation has a case it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.ruletest.conftest import Played

GIVEN = "- name: c\n  given: [ComplaintFiled]\n"
BROKEN = '- name: c\n  given: [{event: ComplaintFiled, example: 1, data: {region: ""}}]\n'


@pytest.mark.parametrize(
    "expectation",
    [
        "expect: [SendAcknowledgment, AssignInvestigator, InvestigatorUnavailable]",
        "expect: [AssignInvestigator]",
        "expect: [{AssignInvestigator: {region: north}}]",
        "expect: [{message: AssignInvestigator, exactly: {region: north, priority: high}}]",
        "expect: [{message: AssignInvestigator, rule: intake, key: C-1, at: 0s}]",
        "expect: [AssignInvestigator, SendAcknowledgment]\n  unordered: true",
        "expect_none: [CloseCase, SendNotification]",
        "expect_open: []",
    ],
)
async def test_what_is_so_passes(expectation: str, played: Played) -> None:
    """A test that is right must be green."""
    (outcome,) = await played(f"{GIVEN}  {expectation}")
    assert [str(failure) for failure in outcome.failures] == []


@pytest.mark.parametrize(
    ("expectation", "failure"),
    [
        ("expect: [CloseCase]", "3:12: CloseCase was not sent"),
        (
            "expect: [SendAcknowledgment, SendAcknowledgment]",
            "3:32: SendAcknowledgment was not sent",
        ),
        (
            "expect: [InvestigatorUnavailable, AssignInvestigator]",
            (
                "3:12: InvestigatorUnavailable was sent, but AssignInvestigator "
                '{"region":"north","priority":"high"} came first: '
                "change the order, or write `unordered: true`"
            ),
        ),
        (
            "expect: [{AssignInvestigator: {region: south}}]",
            '3:42: AssignInvestigator: data.region is "north", expected "south"',
        ),
        (
            "expect: [{SendAcknowledgment: {complainant: {phone: 1}}}]",
            "3:55: SendAcknowledgment: data.complainant.phone is missing, expected 1",
        ),
        (
            "expect: [{message: AssignInvestigator, exactly: {region: north}}]",
            '3:51: AssignInvestigator: data.priority is "high", and was not expected',
        ),
        (
            "expect: [{message: AssignInvestigator, key: C-2}]",
            "3:22: AssignInvestigator: its key is C-1, expected C-2",
        ),
        (
            "expect: [{message: AssignInvestigator, rule: desk}]",
            "3:22: AssignInvestigator: rule intake sent it, expected desk",
        ),
        (
            "expect: [{message: AssignInvestigator, at: 1d}]",
            ("3:22: AssignInvestigator: it was sent 0s after the start, expected 1d"),
        ),
        (
            "expect_none: AssignInvestigator",
            (
                "1:3: AssignInvestigator was sent by rule intake, and was not expected: "
                '{"region":"north","priority":"high"}'
            ),
        ),
        (
            "expect_dead_letter: {rule: intake}",
            "3:23: there is no dead letter of rule intake",
        ),
        (
            "expect_open: [desk]",
            "3:17: rule desk remembers nothing about C-1: it remembers nothing",
        ),
    ],
)
async def test_what_is_not_so_fails_at_its_place(
    expectation: str, failure: str, played: Played
) -> None:
    """A failure says where it was expected and how it is instead."""
    (outcome,) = await played(f"{GIVEN}  {expectation}")
    assert [str(found) for found in outcome.failures] == [f"t.yaml:{failure}"]


async def test_no_message_of_a_named_type_goes_unexplained(played: Played) -> None:
    """A second letter to the same person is the mistake that tests of rules are there to find."""
    text = "- name: c\n  given: [ComplaintFiled, ComplaintFiled]\n  expect: [SendAcknowledgment]"
    (outcome,) = await played(text)
    assert [mark for mark, sent in outcome.sent if sent.type == "SendAcknowledgment"] == [
        "expected",
        "unexpected",
    ]


async def test_expect_none_others_leaves_room_for_nothing(played: Played) -> None:
    """Whoever wants to see everything can."""
    (outcome,) = await played(f"{GIVEN}  expect: [SendAcknowledgment]\n  expect_none: others")
    assert [mark for mark, _ in outcome.sent] == ["expected", "unexpected", "unexpected"]


async def test_a_less_demanding_message_leaves_the_right_one_to_the_other(played: Played) -> None:
    """Which of two messages an expectation takes must not decide about the test."""
    text = """
- name: c
  given:
    - ComplaintFiled
    - {event: ComplaintFiled, example: 2}
  unordered: true
  expect:
    - AssignInvestigator
    - AssignInvestigator: {region: north}
"""
    (outcome,) = await played(text)
    assert outcome.passed


async def test_a_rule_that_fails_fails_the_case(played: Played) -> None:
    """A dead letter in production is a person's work: no test passes over one."""
    (outcome,) = await played(f"{BROKEN}  expect_none: CloseCase")
    assert [str(failure) for failure in outcome.failures] == [
        (
            "t.yaml:1:3: rule intake failed on ComplaintFiled: dead letter with reason "
            "schema-violation: AssignInvestigator: /region is shorter than 1 characters"
        )
    ]


@pytest.mark.parametrize(
    "letter",
    ["{rule: intake, reason: schema-violation}", "{rule: intake}", "[{reason: schema-violation}]"],
)
async def test_a_dead_letter_may_be_expected(letter: str, played: Played) -> None:
    """What a rule refuses is part of what it does."""
    (outcome,) = await played(f"{BROKEN}  expect_dead_letter: {letter}")
    assert outcome.passed
