"""What has happened so far, counted from the log. Reads nothing itself."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.cli.seen import Seen
from showcase.cast import CASES, REFUSED, RESOLVED, RETRIES

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog

Kind = Literal["event", "command", "reply"]

_NEWEST = 8
_BAD = 2  # a complaint that breaks its schema, and bytes that say nothing
_RESENT = 1


@dataclass(frozen=True, slots=True)
class Totals:
    """Six numbers that say how far everything is.

    Attributes:
        events: published from outside.
        commands: sent by rules.
        replies: published by services.
        retries: attempts put off.
        dead_letters: messages given up.
        open_cases: cases that came in and have not come to their end.
    """

    events: int
    commands: int
    replies: int
    retries: int
    dead_letters: int
    open_cases: int

    def reaches(self, goal: Totals) -> bool:
        """Return whether nothing is missing that `goal` has."""
        *mine, still_open = astuple(self)
        *wanted, _ = astuple(goal)
        return not still_open and all(a >= b for a, b in zip(mine, wanted, strict=True))

    def compared(self, goal: Totals) -> str:
        """Say what is there and what must be, where that differs."""
        wanted = asdict(goal)
        return ", ".join(
            f"{name.replace('_', ' ')} {count} instead of {wanted[name]}"
            for name, count in asdict(self).items()
            if count != wanted[name]
        )


def goal(catalog: Catalog) -> Totals:
    """Return what the numbers must be in the end, by what is published."""
    outcome = sum((case.outcome() for case in CASES.values()), Counter[str]())
    commands = sum(
        count for name, count in outcome.items() if catalog.types[name].kind == "command"
    )
    published = len(CASES) + len(RESOLVED)
    return Totals(
        events=published + _RESENT + _BAD,
        commands=commands,
        replies=outcome.total() - commands - published,
        retries=RETRIES,
        dead_letters=REFUSED.total(),
        open_cases=0,
    )


def kind(seen: Seen) -> Kind:
    """Return what a message is: by who sent it, not by its type."""
    if seen.rule:
        return "command"
    return "reply" if seen.causation_id else "event"


class Record:
    """The messages seen in the log.

    Attributes:
        newest: the last few, oldest first.
        cases: key -> how many different messages of each type there are.
        copies: message id -> how often it was published.
        first: key and type -> the first such message.
    """

    def __init__(self) -> None:
        self.newest: deque[Seen] = deque(maxlen=_NEWEST)
        self.cases: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.copies: Counter[str] = Counter()
        self.first: dict[tuple[str, str], Seen] = {}
        self._kinds: Counter[Kind] = Counter()

    def add(self, seen: Seen) -> None:
        """Count a message."""
        self.newest.append(seen)
        self.first.setdefault((seen.key, seen.type), seen)
        self.copies[seen.id] += 1
        is_new = self.copies[seen.id] == 1
        if is_new or kind(seen) == "event":
            self._kinds[kind(seen)] += 1
        if is_new:
            self.cases[seen.key][seen.type] += 1

    def totals(self, retries: int, dead_letters: int) -> Totals:
        """Return the numbers, with those two that no log shows."""
        unfinished = [key for key in CASES if key in self.cases and not self.is_closed(key)]
        return Totals(
            events=self._kinds["event"],
            commands=self._kinds["command"],
            replies=self._kinds["reply"],
            retries=retries,
            dead_letters=dead_letters,
            open_cases=len(unfinished),
        )

    def is_closed(self, key: str) -> bool:
        """Return whether the case `key` has come to the end it must have."""
        return self.cases[key] == CASES[key].outcome()

    def seconds_until_escalation(self, key: str) -> float | None:
        """Return how long the complaint `key` waited until it was escalated; None if it was not."""
        filed = self.first.get((key, "ComplaintFiled"))
        escalated = self.first.get((key, "EscalateCase"))
        if filed is None or escalated is None:
            return None
        return (escalated.time - filed.time).total_seconds()

    def taken_by(self, key: str) -> str | None:
        """Return who was the first to have the complaint `key`; None if nobody has it."""
        match self.first.get((key, "InvestigatorAssigned")):
            case Seen(data={"investigator": {"name": str(name)}}):
                return name
            case _:
                return None
