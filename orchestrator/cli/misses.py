"""How entries of the ledger are shown: what led to nothing, and how near it came. Asks no store."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli.clauses import MARKS, lacking, reason, values_of
from orchestrator.cli.output import json_text, text, wrapped
from orchestrator.core.hearing import hear_all, nearest
from orchestrator.core.rehearsal import Rehearsal, rehearse
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.workflow import Workflow
from orchestrator.telemetry.redaction import redact_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from orchestrator.core.clauses import Clause
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Event
    from orchestrator.core.hearing import Hearing
    from orchestrator.ports import Noted

_IF_OPEN: Final = ", if what is open under its key lets it"
COLUMNS: Final = ("entry", "time", "type", "key", "id", "rule", "matches_now", "why")


@dataclass(frozen=True, slots=True)
class Judge:
    """Says of an entry what the rules, as they are now, make of it.

    Attributes:
        rulebook: the rules.
        now: what their expressions take for the present.
        show_values: show the values of secrets, too.
    """

    rulebook: Rulebook
    now: datetime
    show_values: bool = False

    def matches(self, noted: Noted) -> str | None:
        """Return the rule that would react now; None where none would."""
        entry = noted.entry
        if not entry.rule:
            wanting = (each for each in self.hearings(noted) if each.wants)
            return next((each.rule.name for each in wanting), None)
        return entry.rule if self._rehearsal(noted).fires else None

    def is_worth_it(self, noted: Noted) -> bool:
        """Tell whether something may come of the events if they are sent again."""
        return bool(self.matches(noted)) or self._rehearsal(noted).waits

    def _rehearsal(self, noted: Noted) -> Rehearsal:
        """Return what the rule that waited in vain would make of the events now."""
        rule = self.rulebook.by_name.get(noted.entry.rule)
        return rehearse(rule, in_order(noted), self.now) if rule else Rehearsal()

    def hearings(self, noted: Noted) -> list[Hearing]:
        """Return what every rule says to the event of an entry; nothing where data was cut."""
        if noted.entry.cut:
            return []
        return [
            hearing
            for event in noted.entry.events.values()
            for hearing in hear_all(self.rulebook, event, self.now)
        ]

    def why(self, noted: Noted) -> str:
        """Return in words why it led to nothing, by the rules as they are now."""
        entry = noted.entry
        if entry.rule:
            return self._why_in_vain(noted)
        if entry.cut:
            return _cut(noted)
        hearings = self.hearings(noted)
        closest = nearest(hearings)
        if closest is None:
            return "no rule wants this type any more"
        if rule := self.matches(noted):
            unless = isinstance(self.rulebook.by_name.get(rule), Workflow)
            return f"{rule} would react now{_IF_OPEN if unless else ''}"
        why = reason(closest, show_values=self.show_values) or "it answers none of its commands"
        return f"nearest is {closest.rule.name}: {why}"

    def why_not_sent(self, noted: Noted) -> str:
        """Return in words why an entry is not sent again."""
        return _cut(noted) if noted.entry.cut else self.why(noted)

    def _why_in_vain(self, noted: Noted) -> str:
        entry = noted.entry
        rule = self.rulebook.by_name.get(entry.rule)
        came = ", ".join(entry.events)
        if not isinstance(rule, StatefulRule):
            return f"waited in vain, with {came}; there is no such rule any more"
        if self.matches(noted):
            return f"waited in vain, but would fire now, with {came}"
        lacks = lacking(rule, entry.events, entry.came)
        return f"waited in vain for {lacks}; {came} had come{self._again(noted)}"

    def _again(self, noted: Noted) -> str:
        """Return how long its rule would wait again; empty where the time is over."""
        rehearsal = self._rehearsal(noted)
        until = "for ever" if rehearsal.until is None else f"until {text(rehearsal.until)}"
        return f"; its rule would wait {until} now" if rehearsal.waits else ""


def advice(left: Sequence[Noted]) -> str:
    """Return what to do where nothing of what is `left` was sent again."""
    if all(noted.entry.cut for noted in left):
        return "its data is not kept here: let its source send it again"
    return "it would lead to nothing again: mend a rule first, or say --anyway"


def _cut(noted: Noted) -> str:
    size = sum(noted.entry.cut.values())
    return (
        f"its data is not kept here, because {size:,} bytes are too many: `orchestrator tail"
        f" --key {quote(noted.entry.key)} --from first` shows it while the log does"
    )


def in_order(noted: Noted) -> list[Event]:
    """Return the events of an entry by their time."""
    return sorted(noted.entry.events.values(), key=lambda event: (event.time, event.identity))


def row(noted: Noted, judge: Judge) -> dict[str, object]:
    """Return what a list shows of an entry, under the names of `COLUMNS`."""
    entry, events = noted.entry, in_order(noted)
    return {
        "entry": noted.id,
        "time": noted.at,
        "type": ", ".join(dict.fromkeys(event.type for event in events)),
        "key": entry.key,
        "id": ", ".join(event.id for event in events),
        "rule": entry.rule or None,
        "matches_now": judge.matches(noted),
        "why": judge.why(noted),
    }


def line(shown: dict[str, object], width: int) -> str:
    """Return a `row` as it looks on a terminal: what it is, and below it why.

    Args:
        shown: the row.
        width: of the terminal, in characters.
    """
    at = shown["time"]
    moment = f"{at.astimezone():%m-%d %H:%M:%S}"  # type: ignore[attr-defined]  # see `row`
    head = "  ".join(
        (
            click.style(text(shown["entry"]), bold=True),
            click.style(moment, dim=True),
            click.style(text(shown["type"]), fg="cyan"),
            click.style(text(shown["key"]), fg="magenta"),
            text(shown["rule"] and f"rule {shown['rule']}"),
        )
    )
    colour = "green" if shown["matches_now"] else "yellow"
    why = wrapped("  ", text(shown["why"]), width)
    return "\n".join([head.rstrip(), *(click.style(each, fg=colour) for each in why)])


def detail(noted: Noted, judge: Judge) -> dict[str, object]:
    """Return everything about an entry."""
    entry = noted.entry
    return row(noted, judge) | {
        "revision": entry.revision or None,
        "over": entry.over,
        "came": entry.came if entry.rule else None,
        "events": [
            {
                "name": name,
                **event.attributes(),
                "data": event.data if judge.show_values else redact_value(event.data),
                "data_bytes_not_kept": entry.cut.get(name),
            }
            for name, event in entry.events.items()
        ],
        "rules": [] if entry.rule else [_heard(each, judge) for each in judge.hearings(noted)],
    }


def _heard(hearing: Hearing, judge: Judge) -> dict[str, object]:
    return {
        "rule": hearing.rule.name,
        "wants": hearing.wants,
        "problem": hearing.problem or None,
        "clauses": [clause_as_json(each, judge) for each in _clauses(hearing)],
    }


def clause_as_json(clause: Clause, judge: Judge) -> dict[str, object]:
    """Return a clause with what it came to."""
    return {
        "clause": clause.source,
        "holds": clause.holds,
        "values": clause.problem or values_of(clause, show_values=judge.show_values) or None,
    }


def _clauses(hearing: Hearing) -> tuple[Clause, ...]:
    return hearing.guard.conjuncts if hearing.guard else ()


def page(shown: dict[str, object], noted: Noted, judge: Judge, width: int | None = None) -> str:
    """Return `detail` as text for a person, wrapped at `width` characters; None never wraps."""
    head = click.style(f"{text(shown['type'])}  {text(shown['entry'])}", bold=True)
    facts = "".join(
        f"\n{each}"
        for name in ("time", "key", "id", "rule", "revision", "over", "why")
        if shown[name] is not None
        for each in wrapped(f"  {name:<10}", text(shown[name]), width)
    )
    rules = "".join(f"\n{each}" for each in _rules(noted, judge, width))
    contents = "".join(_content(name, event, judge) for name, event in noted.entry.events.items())
    return f"{head}{facts}\n{rules}{contents}"


def _rules(noted: Noted, judge: Judge, width: int | None) -> Iterator[str]:
    """Yield a rule and the clauses of its guard, for each that was asked."""
    if noted.entry.rule:
        return
    for hearing in judge.hearings(noted):
        lines = [
            line
            for each in _clauses(hearing)
            for line in _clause_lines(each, width, show_values=judge.show_values)
        ]
        yield "\n".join([click.style(hearing.rule.name, bold=True), *lines, ""])


def _clause_lines(clause: Clause, width: int | None, *, show_values: bool) -> Iterator[str]:
    """Yield a clause with its mark, and beside or below it what it looked at."""
    colour = {True: "green", False: "red", None: "yellow"}[clause.holds]
    mark = click.style(MARKS[clause.holds], fg=colour)
    parts = clause.decisive if clause.parts else (clause,)
    values = clause.problem or "; ".join(values_of(part, show_values=show_values) for part in parts)
    source, values = text(clause.source), text(values)
    if width is None or len(source) + len(values) + 8 <= width:
        told = f"    {click.style(values, dim=True)}" if values else ""
        yield f"  {mark} {source}{told}"
        return
    yield f"  {mark} {source}"
    for line in wrapped(" " * 6, values, width):
        yield click.style(line, dim=True)


def _content(name: str, event: Event, judge: Judge) -> str:
    data = event.data if judge.show_values else redact_value(event.data)
    shown = json_text(data, indented=True)
    return f"\n{click.style(text(name), fg='cyan')}  {text(event.id)}\n{shown}\n"
