"""Joins the conditions of a rule and of the events in its list into one. Compiles none itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.core.expression.expression import Expression, Reading
from orchestrator.core.expression.syntax import Comparison, Constant, Field, Junction, Node, Root
from orchestrator.rulefile.formulas import read_condition
from orchestrator.rulefile.names import Readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.core.expression import Scope
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When


def read_guard(condition: Part | None, when: When) -> Expression | None:
    """Read the ``if`` of a rule, and return it together with those of its events."""
    return whole_guard(read_condition(condition, Readable(when.data)), when)


def whole_guard(condition: Expression | None, when: When) -> Expression | None:
    """Return what must hold of an event: an ``if`` beside its type, and that of the rule.

    Args:
        condition: the ``if`` of the rule.
        when: the events it waits for, of which any will do.
    """
    by_type: dict[str, list[Expression]] = {}
    for read in when.elements:
        if read.element.guard and read.element.event_type not in when.unconditional:
            by_type.setdefault(read.element.event_type, []).append(read.element.guard)
    return _joined(by_type, condition) if by_type else condition


def _joined(by_type: Mapping[str, Sequence[Expression]], last: Expression | None) -> Expression:
    def holds(scope: Scope) -> bool:
        event: Any = scope["event"]
        own = by_type.get(event["type"])
        if own is not None and not any(guard.holds(scope) for guard in own):
            return False
        return last is None or last.holds(scope)

    tree = _tree(by_type, last)
    reading = Reading.of([tree])
    return Expression(
        source=" && ".join(_clauses(by_type, last)),
        roots=reading.roots,
        references=reading.references,
        reads=reading.reads,
        tree=tree,
        kind="bool",
        function=holds,
        holds=holds,
    )


def _tree(by_type: Mapping[str, Sequence[Expression]], last: Expression | None) -> Node:
    """Return what `_clauses` says; every part has its place in the text it was written in."""
    own_type = Field(0, 0, Root(0, 0, "event"), "type")
    clauses: list[Node] = [
        Junction(
            *(0, 0, "||"),
            (
                Comparison(0, 0, "!=", own_type, Constant(0, 0, event_type)),
                *(guard.tree for guard in guards),
            ),
        )
        for event_type, guards in by_type.items()
    ]
    return Junction(0, 0, "&&", (*clauses, *([last.tree] if last else [])))


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
