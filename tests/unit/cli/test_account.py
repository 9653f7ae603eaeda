"""What is concluded about a case: of every rule and event one sentence that is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest

from orchestrator.catalog import read_catalog
from orchestrator.cli.account import Account
from orchestrator.cli.evidence import Evidence, Logged, Pending, Sieve
from orchestrator.cli.narrating import Narration
from orchestrator.cli.seen import Seen
from orchestrator.cli.waiting import waits
from orchestrator.core.deadletter import DeadLetter
from orchestrator.core.decision import Instance, Signal
from orchestrator.core.event import Delivery, Event, Outgoing
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.retired import Recalled
from orchestrator.core.scope import Scope
from orchestrator.core.unmatched import Unmatched
from orchestrator.ports import InstanceKey, Noted, OpenInstance
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOCUMENT = """
asyncapi: 3.0.0
info: {title: Test, version: 1.0.0}
channels:
  cases:
    address: cases.v1
    messages:
      Filed: {x-kind: event, payload: {}}
      Answered: {x-kind: event, payload: {}}
      Tell: {x-kind: command, payload: {}}
"""
RULES = """
- name: large
  when: Filed
  if: data.amount > 100
  then: [Tell]
- name: pair
  when: {all: [Filed, Answered]}
  within: 2h
  then: [Tell]
- name: often
  when: {count: Filed, at_least: 3}
  by: data.employer
  within: 2h
  then: [Tell]
"""


def rules_of(text: str) -> Rulebook:
    """The rules that a file holds."""
    catalog, problems = read_catalog([("d.yaml", DOCUMENT)])
    assert catalog is not None, problems
    rules, problems = read_rules([("r.yaml", text)], catalog)
    assert rules is not None, problems
    return rules


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return rules_of(RULES)


def event(kind: str = "Filed", number: int = 1, **data: object) -> Event:
    name = f"{kind}-{number}"
    identity = event_identity("portal", kind, name)
    at = NOW + timedelta(minutes=number)
    content = {"amount": 5, "employer": "Acme"} | data
    return Event(kind, name, "portal", None, at, content, "C-1", None, None, identity)


def of(found: Event) -> Logged:
    """An event as the log holds it."""
    seen = Seen(
        found.id,
        found.type,
        found.correlation_id,
        found.source,
        None,
        "cases.v1",
        found.time,
        found.causation_id,
        found.data,
        timed=True,
    )
    return Logged(seen, found)


def sent(rule: str, cause: Event, number: int = 1) -> Logged:
    """A command that a rule sent on an event."""
    at = cause.time + timedelta(milliseconds=number)
    return Logged(
        Seen(f"c-{number}", "Tell", "C-1", "o", rule, "cases.v1", at, cause.id, {}, timed=True),
        None,
    )


def known(rulebook: Rulebook, *logged: Logged, **more: Any) -> Evidence:
    return Evidence("C-1", NOW + HOUR, rulebook, logged, queue="q", **more)


def told(evidence: Evidence, about: Event) -> dict[str, str]:
    """Rule -> what the account says of it, with the verdict."""
    notes = Account(evidence).notes(about)
    return {note.rule: f"{note.verdict}: {note.words}" for note in notes}


def remembering(rulebook: Rulebook, rule: str, key: str, *events: Event) -> dict[Any, Any]:
    """What the rule remembers after these events, as the store would hold it."""
    definition, running = rulebook.by_name[rule], None
    for each in events:
        reaction = reaction_id(each.identity, rule)
        signal = Signal(each, reaction, NOW, "o", Scope(each, NOW))
        state = definition.decide(running, signal).state
        assert state is not None
        running = Instance(reaction, state)
    at = InstanceKey(rule, key)
    return {at: (OpenInstance(at, NOW, events[0].time + 2 * HOUR), running)}


def letter(queue: str, rule: str | None) -> DeadLetter:
    return DeadLetter(queue, Delivery(b""), "r", "it broke", "it broke", 1, rule, None, "", "", NOW)


def test_a_guard_that_was_false_is_told_with_its_values(rulebook: Rulebook) -> None:
    """The question that the command exists for."""
    found = event()
    assert told(known(rulebook, of(found)), found)["large"] == (
        "silent: did not fire: data.amount > 100 is false: data.amount is 5"
    )


def test_what_was_sent_is_told_and_what_will_be(rulebook: Rulebook) -> None:
    """A reminder that is due in five days has not been forgotten."""
    found = event(amount=500)
    later = Outgoing(
        "m", "Tell", "cases.v1", "o", NOW, {}, "C-1", causation_id=found.id, rule="large"
    )
    evidence = known(
        rulebook,
        of(found),
        sent("large", found, 1),
        sent("large", found, 2),
        pending=[Pending(NOW + 3 * HOUR, later)],
    )
    assert told(evidence, found)["large"] == (
        "sent: sent 2 Tell; will send Tell in 2 h 00 m, at 2026-03-01T12:00:00.000Z"
    )


def test_what_a_former_rule_sent_is_no_contradiction(rulebook: Rulebook) -> None:
    """The guard is weighed as it is now; what was sent is what counts."""
    found = event()
    evidence = known(rulebook, of(found), sent("large", found), sent("gone", found, 2))
    assert told(evidence, found)["large"] == (
        "sent: sent Tell, by what the rule was then: its guard is false now"
    )
    assert told(evidence, found)["gone"] == "sent: sent Tell; there is no such rule any more"


def test_a_rule_that_failed_is_told_with_its_dead_letter(rulebook: Rulebook) -> None:
    """It neither fired nor did it not want to."""
    found = event(amount=500)
    evidence = known(rulebook, of(found), letters=[(of(found).seen, letter("q.dlq", "large"))])
    assert told(evidence, found)["large"] == "failed: failed: it broke; dead letter in q.dlq"


def test_an_event_that_was_refused_reached_no_rule(rulebook: Rulebook) -> None:
    """Its guards may well hold: nobody asked them."""
    found = event(amount=500)
    evidence = known(rulebook, of(found), letters=[(of(found).seen, letter("q.dlq", None))])
    assert told(evidence, found) == {"no rule": "failed: was asked: the event was refused"}


def test_an_event_that_no_rule_wants_is_said_to_be(rulebook: Rulebook) -> None:
    """Silence would look like a defect of the account."""
    found = event("Unheard")
    assert told(known(rulebook, of(found)), found) == {"no rule": "silent: wants its type"}


def test_what_a_join_waits_for_is_told(rulebook: Rulebook) -> None:
    """What came, what is missing, and until when."""
    found = event()
    instances = remembering(rulebook, "pair", "C-1", found) | remembering(
        rulebook, "often", "Acme", event("Filed", 0), found
    )
    notes = told(known(rulebook, of(found), instances=instances), found)
    assert notes["pair"] == (
        "waits: counted; waits for Answered until 2026-03-01T11:01:00.000Z (in 1 h 01 m)"
    )
    assert notes["often"] == (
        "waits: counted under the key Acme; waits for 1 more (2 of 3 came)"
        " until 2026-03-01T11:00:00.000Z (in 1 h 00 m)"
    )


FLOW = """
workflows:
  - name: flow
    when: {event: Filed, if: data.amount < 100}
    steps:
      tell: {send: Tell, await: Answered}
"""


def test_what_is_open_waits_for_what_its_own_wording_wants() -> None:
    """A rule that was changed meanwhile asks new cases for something else."""
    before, after = (
        rules_of(RULES.replace("[Filed, Answered]", pair))
        for pair in ("[Filed, Answered]", "[Filed, Tell]")
    )
    found = event()
    definition = before.by_name["pair"]
    after.retired.add(Recalled(definition, dict(before.contracts)))
    opened = remembering(before, "pair", "C-1", found)
    instances = {
        at: (listed, replace(instance, revision=definition.revision))
        for at, (listed, instance) in opened.items()
    }
    evidence = known(after, of(found), instances=instances)
    assert "waits for Answered until" in told(evidence, found)["pair"]
    (wait,) = waits(evidence)
    assert (wait.lacks, wait.outdated) == ("Answered", True)


@pytest.mark.parametrize(
    ("open_now", "expected"),
    [
        (True, "took: taken; its instance C-1 is waiting"),
        (False, "took: taken; nothing is open under the key C-1 any more"),
    ],
)
def test_what_a_workflow_took_is_told_with_its_status(
    open_now: bool,  # noqa: FBT001 - a row of the table
    expected: str,
) -> None:
    """A workflow remembers in a form of its own; that it is at work is what counts."""
    rules = rules_of(FLOW)
    found, at = event(), InstanceKey("flow", "C-1")
    instance = Instance(reaction_id(found.identity, "flow"), b"{}")
    evidence = known(
        rules,
        of(found),
        reacted=frozenset([reaction_id(found.identity, "flow")]),
        instances={at: (OpenInstance(at, NOW), instance)} if open_now else {},
    )
    assert told(evidence, found)["flow"] == expected


def test_a_workflow_that_did_not_start_says_why() -> None:
    """Its start has a guard like any rule's."""
    found = event(amount=500)
    assert told(known(rules_of(FLOW), of(found)), found) == {
        "flow": "silent: did not fire: data.amount < 100 is false: data.amount is 500"
    }


def test_an_event_that_was_used_up_is_told_by_what_used_it(rulebook: Rulebook) -> None:
    """A join fires on its last event: the others did their part."""
    first, last = event(), event("Answered", 2)
    evidence = known(rulebook, of(first), of(last), sent("pair", last))
    assert told(evidence, first)["pair"] == (
        "took: counted; part of what fired with Answered Answered"
    )
    assert told(evidence, last)["pair"] == "sent: sent Tell"


def test_a_join_that_waited_in_vain_names_its_entry_in_the_ledger(rulebook: Rulebook) -> None:
    """From there it can be sent again."""
    found = event()
    noted = Noted("7-0", NOW, Unmatched({"Filed": found}, "C-1", "pair", "r", NOW))
    assert told(known(rulebook, of(found), unmatched=[noted]), found)["pair"] == (
        "took: counted; its time was over in vain: see `unmatched show 7-0`"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"backlog": 3}, "pending: would fire, but has not reacted: 3 messages wait in q"),
        ({"backlog": 0}, "unknown: would fire as it is now, but no trace of a reaction is left"),
        (
            {"reacted": frozenset([reaction_id(event().identity, "large")])},
            "took: reacted, and had nothing to send",
        ),
    ],
)
def test_a_guard_that_holds_without_an_effect_is_explained(
    more: dict[str, Any], expected: str, rulebook: Rulebook
) -> None:
    """The most puzzling case of all must not end in a shrug."""
    found = event(amount=500)
    assert told(known(rulebook, of(found), **more), found)["large"].startswith(expected)


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


def test_one_event_or_one_rule_can_be_asked_about(rulebook: Rulebook) -> None:
    """A case of a year is long."""
    first, last = event(amount=500), event("Answered", 2)
    evidence = known(rulebook, of(first), sent("large", first), of(last))
    narration = Narration(evidence, Account(evidence, rule="pair"), "Filed")
    content = narration.as_json()
    assert [step["id"] for step in content["steps"]] == ["Filed-1", "c-1"]  # type: ignore[attr-defined]
    assert [note.rule for note in narration.notes["Filed-1"]] == ["pair"]


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
