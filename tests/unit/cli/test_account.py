"""What is concluded about a case: of every rule and event one sentence that is so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.cli.account import Account
from orchestrator.cli.evidence import Pending
from orchestrator.cli.waiting import waits
from orchestrator.core.decision import Instance
from orchestrator.core.event import Outgoing
from orchestrator.core.ids import reaction_id
from orchestrator.core.retired import Recalled
from orchestrator.core.unmatched import Unmatched
from orchestrator.ports import InstanceKey, Noted, OpenInstance
from tests.unit.cli.case import (
    HOUR,
    NOW,
    RULES,
    event,
    known,
    letter,
    of,
    remembering,
    rules_of,
    sent,
    told,
)

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Event


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return rules_of(RULES)


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


def changed(before: Rulebook, after: Rulebook, *events: Event) -> dict[Any, Any]:
    """What `pair` remembers of events that came before it was changed, as `after` may learn it."""
    definition = before.by_name["pair"]
    after.retired.add(Recalled(definition, dict(before.contracts)))
    opened = remembering(before, "pair", "C-1", *events)
    return {
        at: (listed, replace(instance, revision=definition.revision))
        for at, (listed, instance) in opened.items()
    }


def test_what_is_open_waits_for_what_its_own_wording_wants() -> None:
    """A rule that was changed meanwhile asks new cases for something else."""
    before, after = (
        rules_of(RULES.replace("[Filed, Answered]", pair))
        for pair in ("[Filed, Answered]", "[Filed, Tell]")
    )
    found = event()
    evidence = known(after, of(found), instances=changed(before, after, found))
    assert "waits for Answered until" in told(evidence, found)["pair"]
    (wait,) = waits(evidence)
    assert (wait.lacks, wait.outdated) == ("Answered", True)


@pytest.mark.parametrize(
    "now",
    [
        "when: {all: [Filed, Answered]}\n  by: data.employer",
        "when: {all: [{event: Filed, if: data.amount > 100}, Answered]}",
    ],
)
def test_what_an_old_wording_remembers_is_told_by_it(now: str) -> None:
    """A key or a condition that the rule has only now is not what the event was taken by."""
    before = rules_of(RULES)
    after = rules_of(RULES.replace("when: {all: [Filed, Answered]}", now))
    found = event()
    evidence = known(after, of(found), instances=changed(before, after, found))
    assert told(evidence, found)["pair"].startswith("waits: counted; waits for Answered until")
    (note,) = (note for note in Account(evidence).notes(found) if note.rule == "pair")
    assert note.key is None


def test_what_a_rule_that_is_gone_remembers_is_told() -> None:
    """Its cases go on until they end, and so does what people ask about them."""
    before, after = rules_of(RULES), rules_of(RULES.replace("name: pair", "name: couple"))
    found = event()
    evidence = known(after, of(found), instances=changed(before, after, found))
    note = told(evidence, found)["pair"]
    assert note.startswith("waits: counted; waits for Answered until")
    assert note.endswith("; there is no such rule any more")


def test_what_an_earlier_revision_sent_is_told_as_such(rulebook: Rulebook) -> None:
    """Whoever reads the rule as it is now must not look for the reason in it."""
    found = event(amount=500)
    by_now, then = sent("large", found), sent("large", found, 2)
    by_now = replace(by_now, seen=replace(by_now.seen, revision=rulebook.by_name["large"].revision))
    then = replace(then, seen=replace(then.seen, revision="0badc0ffee00"))
    assert told(known(rulebook, of(found), by_now), found)["large"] == "sent: sent Tell"
    assert told(known(rulebook, of(found), then), found)["large"] == (
        "sent: sent Tell, by what the rule was then (revision 0badc0ffee00)"
    )


def test_what_a_workflow_waits_for_is_told_by_its_steps() -> None:
    """Whoever asks why nothing goes on wants to know whom to ask."""
    rules = rules_of(
        FLOW.replace("    steps:", "    mode: parallel\n    steps:\n      look: {approve: chief}")
    )
    instances = remembering(rules, "flow", "C-1", found := event())
    (wait,) = waits(known(rules, of(found), instances=instances))
    assert wait.lacks == "the end of look (asks chief), tell"


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


@pytest.mark.parametrize(
    ("asked_by", "expected"),
    [
        ("other", {}),
        ("flow", {"flow": "silent: nothing open under the key C-1 awaits it"}),
        (None, {"flow": "silent: nothing open under the key C-1 awaits it"}),
    ],
)
def test_an_answer_is_told_of_whoever_asked(asked_by: str | None, expected: dict[str, str]) -> None:
    """Many workflows await answers of one type, and none is meant by what another one asked."""
    found = event()
    answer = replace(event("Answered", 2), causation_id="c-1")
    asked = [sent(asked_by, found)] if asked_by else []
    evidence = known(rules_of(FLOW), of(found), *asked, of(answer))
    assert told(evidence, answer) == expected


def test_a_decision_for_nobody_is_told_as_such() -> None:
    """Every workflow that asks people hears of it; most have no instance under its key."""
    rules = rules_of(FLOW.replace("tell: {send: Tell, await: Answered}", "ask: {approve: chief}"))
    data = {"step": "ask", "decision": "approved", "by": "ines", "role": "chief"}
    given = replace(event("ApprovalGiven", 2), data=data)
    assert told(known(rules, of(given)), given) == {
        "flow": "silent: nothing open under the key C-1 awaits it"
    }


def test_an_event_that_was_used_up_is_told_by_what_used_it(rulebook: Rulebook) -> None:
    """A join fires on its last event: the others did their part."""
    first, last = event(), event("Answered", 2)
    evidence = known(rulebook, of(first), of(last), sent("pair", last))
    assert told(evidence, first)["pair"] == (
        "took: counted; part of what fired with Answered Answered"
    )
    assert told(evidence, last)["pair"] == "sent: sent Tell"


def test_an_event_without_a_time_is_no_part_of_what_fired_before_it_came(
    rulebook: Rulebook,
) -> None:
    """Of such events all that is known is the order in which they came."""
    at = event().time
    first, fired, second, last = (
        replace(event(kind, number), id=f"no-{number}", time=at)
        for number, kind in enumerate(["Filed", "Answered", "Filed", "Answered"])
    )
    untimed = [
        replace(logged, seen=replace(logged.seen, timed=False))
        for logged in map(of, (first, fired, second, last))
    ]
    evidence = known(rulebook, *untimed, sent("pair", fired), sent("pair", last, 2))
    told_of = [told(evidence, each)["pair"].split("fired with ")[-1] for each in (first, second)]
    assert told_of == ["Answered no-1", "Answered no-3"]


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
