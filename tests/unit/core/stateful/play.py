"""Plays events and timers to a rule that remembers, and notes what it did about which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.core.decision import Decision, Elapsed, Instance, Signal
from orchestrator.core.definitions import Action
from orchestrator.core.event import Event
from orchestrator.core.expression import compile_expression, compile_template
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.problem import Position
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import Absent, AtLeast, Count, Element, InSequence, StatefulRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.stateful import Pattern

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
RULE_AT = Position("rules.yaml", 2, 3)
NAMES = frozenset({"data", "event", "events", "now", "item"})
WITHIN = 5


class Happened(NamedTuple):
    """An event: `name` is its type, `second` its time after `START`."""

    second: int
    name: str
    id: str = "1"


Outcome = tuple[str, frozenset[str]]
"""``fired`` or ``otherwise``, and the events as ``name@second/id``."""


@dataclass(frozen=True)
class Contract:
    """A message type that takes any data."""

    name: str
    channel: str = "notify.v1"

    def validate(self, data: object) -> None:
        """Accept everything."""


def action(name: str, data: object = "${events}", **parts: Any) -> Action:
    fields: dict[str, Any] = {"guard": None, "for_each": None, "item_name": "item"}
    return Action(
        message=Contract(name),
        data=compile_template(data, roots=NAMES),
        position=Position("rules.yaml", 9, 7),
        **(fields | parts),
    )


def rule(pattern: Pattern, names: Iterable[str], within: int | None = WITHIN) -> StatefulRule:
    return StatefulRule(
        name="remembering",
        revision="0123456789ab",
        description="",
        elements=tuple(Element(name, name, None) for name in names),
        pattern=pattern,
        within=None if within is None else timedelta(seconds=within),
        by=None,
        actions=(action("fired"),),
        otherwise=(action("otherwise"),),
        position=RULE_AT,
    )


JOIN = rule(AtLeast(2), "AB")
ENDLESS = rule(AtLeast(2), "AB", None)
TWO_OF_THREE = rule(AtLeast(2), "ABC")
ALL_THREE = rule(AtLeast(3), "ABC")
SEQUENCE = rule(InSequence(), "ABC")
COUNT = rule(Count(3), "A")
ABSENT = rule(Absent(), "AB")


def guarded(name: str, event_type: str, guard: str) -> Element:
    return Element(name, event_type, compile_expression(guard))


def event(happened: Happened, data: object = None) -> Event:
    second, name, event_id = happened
    return Event(
        type=name,
        id=f"{name}@{second}/{event_id}",
        source="portal",
        subject="C-991",
        time=START + timedelta(seconds=second),
        data=data,
        correlation_id="case-7",
        causation_id=None,
        traceparent=None,
        identity=event_identity("portal", name, f"{second}/{event_id}"),
    )


def signal(of: Event, now: datetime = START) -> Signal:
    reaction = reaction_id(of.identity, "remembering")
    return Signal(of, reaction, now, "orchestrator", Scope(of, now))


@dataclass
class Play:
    """One key of a rule, from its first event on."""

    rule: StatefulRule
    instance: Instance | None = None
    due: datetime | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def arrive(self, *events: Happened) -> Play:
        for happened in events:
            made = signal(event(happened))
            self._note(self.rule.decide(self.instance, made), made)
        return self

    def until(self, second: float) -> Play:
        """Let the time pass: every timer due until then goes off, in order."""
        while self.due is not None and self.due <= START + timedelta(seconds=second):
            self.elapse()
        return self

    def elapse(self) -> Play:
        assert self.due is not None
        assert self.instance is not None
        reaction = reaction_id(event_identity("", "", str(self.due)), "remembering")
        made = Elapsed("case-7", self.due, reaction, self.due, "orchestrator")
        self._note(self.rule.decide(self.instance, made), made)
        return self

    def _note(self, decision: Decision, made: Signal | Elapsed) -> None:
        for outgoing in decision.outgoing:
            events: Any = outgoing.data
            ids = frozenset(one["id"] for one in events.values())
            self.outcomes.append((outgoing.type, ids))
        if decision.writes:
            state = decision.state
            self.instance = None if state is None else Instance(made.reaction, state)
            self.due = decision.due


def happened(text: str) -> list[Happened]:
    """Read ``A0 B4 A7/2``: names with their seconds, and an id where it is not ``1``."""
    return [
        Happened(int(second), word[0], event_id or "1")
        for word in text.split()
        for second, _, event_id in [word[1:].partition("/")]
    ]


def outcomes(text: str) -> list[Outcome]:
    """Read ``fired A0 B4, otherwise C7``."""
    return [
        (kind, frozenset(event(one).id for one in happened(" ".join(words))))
        for part in text.split(",")
        if part.strip()
        for kind, *words in [part.split()]
    ]
