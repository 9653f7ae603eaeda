"""The account of a case as people and programs read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.cli.account import Account
from orchestrator.cli.evidence import Pending, Sieve
from orchestrator.cli.narrating import Narration
from orchestrator.core.event import Outgoing
from orchestrator.core.status import Status
from tests.unit.cli.case import HOUR, NOW, RULES, event, known, of, remembering, rules_of, sent

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return rules_of(RULES)


def test_the_whole_account_is_a_tree_with_a_line_per_rule(rulebook: Rulebook) -> None:
    """What was asked, what came of it, and what is still open, in one picture."""
    found = event(amount=500)
    evidence = known(
        rulebook,
        of(found),
        sent("large", found),
        instances=remembering(rulebook, "pair", "C-1", found),
        unread=["the log is off"],
    )
    lines = [click.unstyle(line) for line in Narration(evidence, Account(evidence)).lines(78)]
    assert lines == [
        "C-1: 2 messages",
        "began 2026-03-01 09:01:00.000 UTC",
        "",
        "       +0 ms  Filed    from portal",
        "              │  ✓ large  sent Tell",
        "              │  … pair   counted; waits for Answered until",
        "              │           2026-03-01T11:01:00.000Z (in 1 h 01 m)",
        "              │  ? often  would fire as it is now, but no trace of a reaction",
        "              │           is left: the rule is newer than the event, or it",
        "              │           reacted longer ago than the log and the markers",
        "              │           reach",
        "       +1 ms  └─ Tell  rule large",
        "",
        "Waits for",
        "  … rule pair  until 2026-03-01T11:01:00.000Z (in 1 h 01 m)",
        "    missing: Answered",
        "    came: Filed  2026-03-01T09:01:00.000Z  Filed-1",
        "",
        "Not looked at: the log is off",
    ]


def test_a_rule_that_failed_at_its_time_says_what_to_do(rulebook: Rulebook) -> None:
    """It waits for a person, and not "without a limit" for an event."""
    found = event()
    instances = {
        at: (replace(listed, due=None, status=Status.INCIDENT), instance)
        for at, (listed, instance) in remembering(rulebook, "pair", "C 1", found).items()
    }
    evidence = known(rulebook, of(found), instances=instances)
    narration = Narration(evidence, Account(evidence, rule="pair"))
    told = "\n".join(click.unstyle(line) for line in narration.lines(None))
    assert "waits for Answered; its time was over, and what then follows failed" in told
    assert "is an incident: mend what failed, then `orchestrator timers retry 'C 1'`" in told
    waits = narration.as_json()["waits"]
    assert isinstance(waits, list)
    assert [wait["status"] for wait in waits] == ["incident"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(rulebook: Rulebook, width: int) -> None:
    """A line that a terminal wraps destroys the tree, which is what one looks at."""
    employer = "Harbor Logistics and Sons of the Upper Quay"
    found = event(employer=employer)
    rule = "remind-the-harbor-office-of-its-quays"
    later = Outgoing("m", "Tell", "cases.v1", "o", NOW, {}, "C-1", rule=rule)
    evidence = known(
        rulebook,
        of(found),
        instances=remembering(rulebook, "often", employer, found),
        pending=[Pending(NOW + 30 * HOUR, later)],
    )
    lines = [click.unstyle(line) for line in Narration(evidence, Account(evidence)).lines(width)]
    assert max(map(len, lines)) <= width
    assert "missing: 2 more (1 of 3 came)" in "\n".join(lines)


def test_one_event_or_one_rule_can_be_asked_about(rulebook: Rulebook) -> None:
    """A case of a year is long."""
    first, last = event(amount=500), event("Answered", 2)
    evidence = known(rulebook, of(first), sent("large", first), of(last))
    narration = Narration(evidence, Account(evidence, rule="pair"), "Filed")
    content = narration.as_json()
    assert [step["id"] for step in content["steps"]] == ["Filed-1", "c-1"]  # type: ignore[attr-defined]
    assert [note.rule for note in narration.notes["Filed-1"]] == ["pair"]


@pytest.mark.parametrize("show_values", [False, True])
def test_secrets_are_masked_unless_asked_for(*, show_values: bool) -> None:
    """In what people read and in what programs read."""
    rules = rules_of(RULES.replace("data.amount > 100", 'data.apikey == "x"'))
    found = event(apikey="hunter2")
    evidence = known(rules, of(found))
    narration = Narration(evidence, Account(evidence, show_values=show_values))
    told = [str(narration.as_json()), "\n".join(narration.lines(None))]
    assert ["hunter2" in each.partition("data.apikey is")[2] for each in told] == [show_values] * 2


def test_a_rules_own_key_finds_its_events_and_what_it_sent(rulebook: Rulebook) -> None:
    """`by: data.employer` is what people know a repeat offender by."""
    sieve = Sieve("Acme", rulebook)
    counted, other = event(), event("Filed", 2, employer="Else")
    assert sieve.asks_for(of(counted).seen)
    assert sieve.wants(of(counted).seen, counted)
    assert not sieve.wants(of(other).seen, other)
    by_often, by_large = sent("often", counted), sent("large", counted)
    assert [sieve.wants(each.seen, None) for each in (by_often, by_large)] == [True, False]
    elsewhere = replace(by_often.seen, key="Acme")
    assert sieve.wants(elsewhere, None)
