"""Says in words what a rule made of an event, and what it still waits for. Asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from orchestrator.cli.output import text
from orchestrator.core.stateful import Absent, AtLeast, Count, InSequence
from orchestrator.telemetry.redaction import redact_value

if TYPE_CHECKING:
    from collections.abc import Collection

    from orchestrator.core.clauses import Clause, Operand
    from orchestrator.core.hearing import Hearing
    from orchestrator.core.stateful import StatefulRule

LONGEST_VALUE: Final = 60
MARKS: Final = {True: "✓", False: "✗", None: "?"}
"""Of a clause: it holds; it does not; that cannot be told."""


def reason(hearing: Hearing, *, show_values: bool = False) -> str:
    """Return why a rule does not want an event, in words; empty where it does."""
    guard = hearing.guard
    if guard is not None and guard.holds is False:
        return " and ".join(
            told(clause, show_values=show_values) for clause in _first(guard.decisive)
        )
    return text(hearing.problem)


def _first(clauses: Collection[Clause]) -> list[Clause]:
    """Return as many of several alternatives as one can read."""
    return list(clauses)[:3]


def told(clause: Clause, *, show_values: bool = False) -> str:
    """Return a clause with what it came to: ``data.amount > 10 is false: data.amount is 2``."""
    verdict = "cannot be told" if clause.holds is None else str(clause.holds).lower()
    values = clause.problem or values_of(clause, show_values=show_values)
    is_verdict = verdict if clause.holds is None else f"is {verdict}"
    return text(f"{clause.source} {is_verdict}{f': {values}' if values else ''}")


def values_of(clause: Clause, *, show_values: bool = False) -> str:
    """Return what a clause looked at: ``data.amount is 2, data.region is missing``."""
    return ", ".join(_operand(each, show_values=show_values) for each in clause.operands)


def _operand(operand: Operand, *, show_values: bool) -> str:
    if operand.missing:
        return f"{operand.source} is missing"
    return f"{operand.source} is {shown(operand, show_values=show_values)}"


def shown(operand: Operand, *, show_values: bool) -> str:
    """Return the value of an operand on one line, a secret masked unless `show_values`."""
    value = operand.value
    if not show_values:
        value = masked(operand.name, value)
    shown_value = f'"{value}"' if isinstance(value, str) else _json(value)
    cut = text(shown_value)
    return cut if len(cut) <= LONGEST_VALUE else f"{cut[: LONGEST_VALUE - 1]}…"


def _json(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return text(value)


def masked(name: str, value: object) -> object:
    """Return a value as it may be shown, masked where its name says that it is a secret."""
    redacted = redact_value({name: value})
    return redacted[name] if isinstance(redacted, dict) else redacted


def lacking(rule: StatefulRule, came: Collection[str], count: int) -> str:
    """Return what a rule that waits still needs, in words.

    Args:
        rule: the rule, as it is now.
        came: the names of the elements that have come.
        count: how many events have come.
    """
    names = [element.name for element in rule.elements]
    rest = [name for name in names if name not in came]
    match rule.pattern:
        case Count(number):
            return f"{max(number - count, 1)} more ({count} of {number} came)"
        case Absent():
            return f"whether {names[1]} comes"
        case AtLeast(number):
            return _some(rest, number - len(came))
        case InSequence():
            order = ", then ".join(names)
            return " and ".join(rest) if rest else f"the order {order}"
        case _:
            assert_never(rule.pattern)


def _some(rest: list[str], needed: int) -> str:
    if needed >= len(rest):
        return " and ".join(rest)
    return f"{needed} of {', '.join(rest)}"
