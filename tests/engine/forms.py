"""What rules that remember must do, as a model: it keeps everything and tries everything.

Written from docs/explanation/rules-that-remember.md, for the rules in testdata/forms.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from orchestrator.core.ids import event_identity
from tests.engine.messages import raw
from tests.engine.world import NOW
from tests.engine.written import types, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Message

RULES: Final = Path(__file__).parent / "testdata" / "forms.yaml"
EVER: Final = float("inf")
SECOND: Final = timedelta(seconds=1)


class Fact(NamedTuple):
    """An event: when it happened, in seconds, its case `k`, and `n`, which conditions ask for."""

    second: int
    type: str
    id: str
    k: int
    n: int

    @property
    def order(self) -> tuple[int, bytes]:
        return self.second, event_identity("portal", self.type, self.id)


@dataclass(frozen=True)
class Form:
    """One of the rules.

    Attributes:
        elements: event type and the least `n` that counts; an event counts for the first it fits.
        within: in seconds.
        after: command -> how many seconds it is sent after it was decided.
    """

    command: str
    kind: Literal["each", "all", "row", "count", "absent"]
    elements: tuple[tuple[str, int], ...]
    number: int = 0
    within: float = EVER
    otherwise: bool = False

    def element(self, fact: Fact) -> int | None:
        """Return the number of the element that the event counts for."""
        fits = (
            number
            for number, (event_type, least) in enumerate(self.elements)
            if fact.type == event_type and fact.n >= least
        )
        return next(fits, None)

    def completed(self, chosen: Sequence[Fact]) -> bool:
        """Tell whether these events, sorted by time, complete the pattern by themselves."""
        if chosen[-1].second - chosen[0].second > self.within:
            return False
        if self.kind == "count":
            return True
        elements = [self.element(fact) for fact in chosen]
        if self.kind == "all":
            return len(set(elements)) == len(elements)
        in_order = sorted(chosen, key=lambda fact: (fact.second, self.element(fact)))
        return [self.element(fact) for fact in in_order] == list(range(self.number))


FORMS: Final = {
    "any": Form("Any", "each", (("A", 0), ("C", 2))),
    "later": Form("Later", "each", (("B", 0),)),
    "all": Form("All", "all", (("A", 0), ("B", 0)), 2, 10, otherwise=True),
    "named": Form("Named", "all", (("A", 2), ("A", 0)), 2, 10, otherwise=True),
    "ever": Form("Ever", "all", (("A", 0), ("C", 0)), 2),
    "some": Form("Some", "all", (("A", 0), ("B", 0), ("C", 1)), 2, 10, otherwise=True),
    "row": Form("Row", "row", (("A", 0), ("B", 0), ("C", 0)), 3, 10, otherwise=True),
    "often": Form("Often", "count", (("A", 1),), 3, 10, otherwise=True),
    "missed": Form("Missed", "absent", (("A", 0), ("B", 0)), within=10),
    "overdue": Form("Overdue", "absent", (("B", 1), ("C", 2)), within=6),
}
AFTER: Final = {"Later": 7, "NamedNot": 3, "Some": 2, "Overdue": 4}
"""Command -> how many seconds it is sent after it was decided."""

Outcome = tuple[str, frozenset[str]]
"""A command, and the ids of the events it is about."""


def rules() -> Rulebook:
    """Return the rules, read by the real reader."""
    commands = [form.command + suffix for form in FORMS.values() for suffix in ("", "Not")]
    return written(RULES.read_text(), types("ABC", commands))


@dataclass
class Case:
    """What one rule knows of one case."""

    form: Form
    seen: set[str] = field(default_factory=set)
    kept: list[Fact] = field(default_factory=list)
    told: float = -EVER

    def arrive(self, fact: Fact) -> list[Outcome]:
        """Return what follows from an event that the rule wants; from one it had, nothing."""
        if fact.id in self.seen:
            return []
        self.seen.add(fact.id)
        if self.form.kind == "each":
            return [_outcome(self.form.command, [fact])]
        self.kept = sorted([*self.kept, fact], key=lambda one: one.order)
        if self.form.kind == "absent":
            self._waiting()
            return []
        return self._fire()

    def elapse(self, due: int) -> list[Outcome]:
        """Return what follows when the time has come to look, in seconds."""
        if self.form.kind == "absent":
            return self._miss(due)
        outcomes, within = [], self.form.within
        opened = min((one.second for one in self.kept if one.second > self.told), default=EVER)
        if opened + within <= due:
            self.told = opened + within
            about = [one for one in self.kept if opened <= one.second <= self.told]
            newest = {self.form.element(one): one for one in about}
            if self.form.kind == "count":
                newest = {0: self.kept[-1]}
            if self.form.otherwise:
                outcomes = [_outcome(f"{self.form.command}Not", newest.values())]
        self._keep([one for one in self.kept if one.second + within > due])
        return outcomes

    def _fire(self) -> list[Outcome]:
        """Of all that completes the pattern the newest counts, and uses up its window."""
        form = self.form
        found = [c for c in combinations(self.kept, form.number) if form.completed(c)]
        if not found:
            return []
        chosen = max(found, key=lambda chosen: [one.order for one in reversed(chosen)])
        end = chosen[-1].second
        about, start = chosen, end - form.within
        if form.kind == "count":
            about, start = (self.kept[-1],), -EVER
        self._keep([one for one in self.kept if not start <= one.second <= end])
        return [_outcome(form.command, about)]

    def _miss(self, due: int) -> list[Outcome]:
        waiting = self._waiting()
        within = self.form.within
        self.kept = [one for one in self.kept if self._asks(one) or one.second + within > due]
        if not waiting or waiting[0].second + within > due:
            return []
        over = waiting[0].second + within
        self.kept = [one for one in self.kept if not self._asks(one) or one.second > over]
        return [_outcome(self.form.command, waiting[:1])]

    def _waiting(self) -> list[Fact]:
        """Return the first that wait together for an answer; forget those that had one."""
        waiting: list[Fact] = []
        for one in sorted(self.kept, key=lambda one: (one.second, not self._asks(one), one.order)):
            if waiting and one.second > waiting[0].second + self.form.within:
                break
            if self._asks(one):
                waiting.append(one)
            else:
                answered, waiting = waiting, []
                self.kept = [other for other in self.kept if other not in answered]
        return waiting

    def _asks(self, fact: Fact) -> bool:
        return self.form.element(fact) == 0

    def _keep(self, kept: list[Fact]) -> None:
        self.kept = kept
        if not kept:
            self.told = -EVER


def _outcome(command: str, about: Iterable[Fact]) -> Outcome:
    return command, frozenset(one.id for one in about)


def message(fact: Fact) -> Message:
    """Return an event as a service publishes it; `other` is its case, as others write it."""
    body = {
        "specversion": "1.0",
        "id": fact.id,
        "source": "portal",
        "type": fact.type,
        "time": NOW + fact.second * SECOND,
        "correlationid": f"case-{fact.k}",
        "data": {"k": fact.k, "other": float(fact.k), "n": fact.n},
    }
    return raw(orjson.dumps(body))


def outcome(sent: Message) -> Outcome:
    """Return what was sent, and about what; it must not have been sent before its time."""
    body: Any = orjson.loads(sent.body)
    data, command = body["data"], body["type"]
    due = datetime.fromisoformat(data["at"]) + AFTER.get(command, 0) * SECOND
    assert datetime.fromisoformat(body["time"]) >= due, f"{command} was sent too early"
    return command, frozenset(data["of"])
