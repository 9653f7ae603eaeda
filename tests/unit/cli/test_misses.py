"""What people read about an event that no rule reacted to, or a join that waited in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.cli.misses import Judge, advice, detail, line, page, row
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity
from orchestrator.core.unmatched import Unmatched, ignored
from orchestrator.ports import Noted
from tests.unit.cli.case import rules_of

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
OVER = NOW + timedelta(days=3)
RULES = """
- name: large
  when: Filed
  if: data.amount > 100 && data.region == "north"
  then: [Tell]
- name: secret
  when: Filed
  if: data.apikey == "x" || data.sort == "special"
  then: [Tell]
- name: pair
  when: {all: [Answered, Closed]}
  within: 2d
  then: [Tell]
- name: chain
  when: {sequence: [Answered, Closed]}
  within: 2d
  then: [Tell]
- name: two
  when: {at_least: 2, of: [Answered, Closed, {event: Tell, as: told}]}
  within: 2d
  then: [Tell]
- name: often
  when: {count: Closed, at_least: 3}
  within: 2d
  then: [Tell]
"""


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The rules as they are now."""
    return rules_of(RULES)


def event(kind: str, number: int = 1, **data: object) -> Event:
    at = NOW + timedelta(minutes=number)
    name = f"{kind}-{number}"
    identity = event_identity("portal", kind, name)
    return Event(kind, name, "portal", None, at, data, "C-1", None, None, identity)


def filed(**data: object) -> Noted:
    return Noted("5-0", NOW, ignored(event("Filed", 1, **data)))


def waited(rule: str, came: int, *events: Event) -> Noted:
    named = {one.type: one for one in events}
    return Noted("6-0", NOW, Unmatched(named, "C-1", rule, "r1", NOW + timedelta(days=2), came))


@pytest.mark.parametrize(
    ("noted", "why"),
    [
        (
            filed(amount=250, region="south", apikey="t", sort="plain"),
            'nearest is large: data.region == "north" is false: data.region is "south"',
        ),
        (
            filed(amount=5, region="south", apikey="t", sort="plain"),
            "nearest is large: data.amount > 100 is false: data.amount is 5",
        ),
        (
            filed(amount="x", region="south", apikey="t", sort="plain"),
            "nearest is large: cannot compare a string with a number, in `data.amount > 100`",
        ),
        (filed(amount=250, region="north"), "large would react now"),
        (waited("pair", 1, event("Answered")), "waited in vain for Closed; Answered had come"),
        (
            waited("chain", 2, event("Closed", 1), event("Answered", 2)),
            "waited in vain for the order Answered, then Closed; Closed, Answered had come",
        ),
        (
            waited("two", 1, event("Answered")),
            "waited in vain for 1 of Closed, told; Answered had come",
        ),
        (
            waited("often", 2, event("Closed")),
            "waited in vain for 1 more (2 of 3 came); Closed had come",
        ),
        (
            waited("pair", 2, event("Closed", 1), event("Answered", 2)),
            "waited in vain, but would fire now, with Closed, Answered",
        ),
        (
            waited("gone", 1, event("Answered")),
            "waited in vain, with Answered; there is no such rule any more",
        ),
        (Noted("7-0", NOW, ignored(event("Other"))), "no rule wants this type any more"),
    ],
)
def test_the_nearest_miss_is_told_in_words(noted: Noted, why: str, rulebook: Rulebook) -> None:
    """Whoever is on call reads one line and knows which clause, and with which value."""
    assert Judge(rulebook, OVER).why(noted) == why


@pytest.mark.parametrize(
    ("now", "is_worth_it", "more"),
    [
        (OVER, False, ""),
        (NOW + timedelta(days=2), True, "; its rule would wait until 2026-03-03T09:01:00.000Z now"),
    ],
)
def test_a_join_whose_time_is_not_over_any_more_may_be_sent_again(
    now: datetime, more: str, rulebook: Rulebook, *, is_worth_it: bool
) -> None:
    """After `within` was mended, what waited in vain has its chance again."""
    judge, noted = Judge(rulebook, now), waited("pair", 1, event("Answered"))
    assert judge.is_worth_it(noted) is is_worth_it
    assert judge.why(noted) == f"waited in vain for Closed; Answered had come{more}"


def test_secrets_are_masked_unless_asked_for(rulebook: Rulebook) -> None:
    """The same names are secret here as in the log."""
    noted = filed(amount="x", region="south", apikey="hunter2", sort="plain")
    for show_values in (False, True):
        judge = Judge(rulebook, NOW, show_values)
        everything = page(detail(noted, judge), noted, judge) + str(detail(noted, judge))
        assert ("hunter2" in everything) is show_values


def test_data_that_was_cut_is_said(rulebook: Rulebook) -> None:
    """An explanation by data that is not there would be a wrong one."""
    noted = filed()
    cut = replace(noted, entry=replace(noted.entry, cut={"Filed": 70_000}))
    judge = Judge(rulebook, NOW)
    blank = replace(cut, entry=replace(cut.entry, key="C 1"))
    assert "`orchestrator tail --key 'C 1' --from first`" in judge.why(blank)
    assert judge.why(cut) == (
        "its data is not kept here, because 70,000 bytes are too many:"
        " `orchestrator tail --key C-1 --from first` shows it while the log does"
    )
    assert judge.matches(cut) is None


def test_data_that_was_cut_cannot_be_sent_anyway(rulebook: Rulebook) -> None:
    """Whoever follows the advice would be told the same again; a join says it too."""
    kept = filed()
    cut = replace(kept, entry=replace(kept.entry, cut={"Filed": 70_000}))
    join = replace(cut, entry=replace(cut.entry, rule="pair"))
    judge = Judge(rulebook, NOW)
    assert judge.why_not_sent(join) == judge.why_not_sent(cut) == judge.why(cut)
    assert judge.why_not_sent(kept) == judge.why(kept)
    assert advice([cut, join]) == "its data is not kept here: let its source send it again"
    assert "say --anyway" in advice([cut, kept])


def test_every_clause_of_every_rule_is_on_the_page(rulebook: Rulebook) -> None:
    """Mending one clause after the other, a deployment each, is no way to work."""
    noted = filed(amount=5, region="north", apikey="t", sort="plain")
    judge = Judge(rulebook, NOW)
    shown = click.unstyle(page(detail(noted, judge), noted, judge))
    assert "large\n  ✗ data.amount > 100    data.amount is 5\n  ✓ data.region" in shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_line_fits_its_terminal(width: int, rulebook: Rulebook) -> None:
    """A reason that is wrapped by the terminal hides the next entry."""
    noted = filed(amount=250, region="s" * 200, apikey="t", sort="plain")
    first, *rest = click.unstyle(line(row(noted, Judge(rulebook, NOW)), width)).splitlines()
    assert first.startswith("5-0  03-01 ")
    assert rest
    assert all(len(each) <= width for each in rest)


def test_what_a_workflow_would_do_depends_on_what_is_open() -> None:
    """An answer to nobody, or a second start, led to nothing, and would again; or not by now."""
    flow = "workflows: [{name: flow, when: Closed, timeout: 1d, steps: {a: {await: Answered}}}]"
    judge = Judge(rules_of(flow), NOW)
    told = "flow would react now, if what is open under its key lets it"
    assert judge.why(Noted("8-0", NOW, ignored(event("Answered")))) == told


def test_an_event_that_answers_nobody_has_a_reason() -> None:
    """A workflow has no guard on what answers its own commands."""
    runs = "{name: runs, timeout: 1d, steps: {a: {run: it}}}"
    judge = Judge(rules_of(f"workflows: [{runs}, {{name: it, steps: {{w: {{wait: 1h}}}}}}]"), NOW)
    why = judge.why(Noted("9-0", NOW, ignored(event("instance.faulted"))))
    assert why == "nearest is runs: it answers none of its commands"
