"""Joins the conditions of a rule and of the events in its list into one. Compiles none itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.core.expression import Expression
from orchestrator.rulefile.formulas import read_condition
from orchestrator.rulefile.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.core.expression import Scope
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When


def read_guard(condition: Part | None, when: When) -> Expression | None:
    """Return what must hold of an event: an ``if`` beside its type, and that of the rule.

    Args:
        condition: the ``if`` of the rule.
        when: the events it waits for, of which any will do.
    """
    guard = read_condition(condition, Names())
    by_type: dict[str, list[Expression]] = {}
    for read in when.elements:
        if read.element.guard and read.element.event_type not in when.unconditional:
            by_type.setdefault(read.element.event_type, []).append(read.element.guard)
    return _joined(by_type, guard) if by_type else guard


def _joined(by_type: Mapping[str, Sequence[Expression]], last: Expression | None) -> Expression:
    def holds(scope: Scope) -> bool:
        event: Any = scope["event"]
        own = by_type.get(event["type"])
        if own is not None and not any(guard.holds(scope) for guard in own):
            return False
        return last is None or last.holds(scope)

    every = [guard for guards in by_type.values() for guard in guards] + ([last] if last else [])
    return Expression(
        source=" && ".join(_clauses(by_type, last)),
        roots=frozenset({"event"}).union(*(guard.roots for guard in every)),
        references=frozenset({("event", "type")}).union(*(guard.references for guard in every)),
        kind="bool",
        function=holds,
        holds=holds,
    )


def _clauses(by_type: Mapping[str, Sequence[Expression]], last: Expression | None) -> Iterator[str]:
    """Yield ``(event.type != "A" || (one) || (other))``, and the condition of the rule."""
    for event_type, guards in by_type.items():
        other = f"event.type != {orjson.dumps(event_type).decode()}"
        yield f"({' || '.join([other, *map(_bracketed, guards)])})"
    if last:
        yield _bracketed(last)


def _bracketed(guard: Expression) -> str:
    """Return its text in brackets that no comment at its end can swallow."""
    return f"({guard.source}\n)"
