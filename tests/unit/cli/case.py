"""What the tests of accounts of a case share: rules, and evidence about one case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.catalog import read_catalog
from orchestrator.cli.account import Account
from orchestrator.cli.evidence import Evidence, Logged
from orchestrator.cli.seen import Seen
from orchestrator.core.deadletter import DeadLetter
from orchestrator.core.decision import Instance, Signal
from orchestrator.core.event import Delivery, Event
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.scope import Scope
from orchestrator.ports import InstanceKey, OpenInstance
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOCUMENT = b"""
asyncapi: 3.0.0
info: {title: Test, version: 1.0.0}
channels:
  cases:
    address: cases.v1
    messages:
      Filed: {x-kind: event, payload: {}}
      Answered: {x-kind: event, payload: {}}
      Closed: {x-kind: event, payload: {}}
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
