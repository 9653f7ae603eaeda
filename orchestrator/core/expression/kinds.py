"""What is known about the kind of a value before anything runs. Knows no Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.values import ORDERED, kind_of, with_article

if TYPE_CHECKING:
    from orchestrator.core.expression.values import Kind

_TRUTHS = (syntax.Comparison, syntax.Membership, syntax.Junction, syntax.Not, syntax.Has)
_MACROS: dict[syntax.MacroName, Kind] = {
    "all": "bool",
    "exists": "bool",
    "exists_one": "bool",
    "filter": "list",
    "map": "list",
}
_SUMS: Final[dict[tuple[Kind | None, str, Kind | None], Kind]] = {
    ("timestamp", "-", "timestamp"): "duration",
    ("timestamp", "-", "duration"): "timestamp",
    ("timestamp", "+", "duration"): "timestamp",
    ("duration", "-", "duration"): "duration",
    ("duration", "+", "duration"): "duration",
    ("number", "-", "number"): "number",
    ("number", "+", "number"): "number",
    ("string", "+", "string"): "string",
}


def static_kind(node: syntax.Node) -> Kind | None:  # noqa: C901, PLR0911  # one case per node class
    """Return the kind that a node always has, None if that depends on the data."""
    match node:
        case syntax.Constant(value=value):
            return _constant_kind(value)
        case (
            syntax.Root(name="now") | syntax.Field(receiver=syntax.Root(name="event"), name="time")
        ):
            return "timestamp"
        case syntax.Call(function=function):
            return function.result
        case syntax.Macro(name=name):
            return _MACROS[name]
        case syntax.Conditional(then=then, otherwise=otherwise):
            kind = static_kind(then)
            return kind if kind == static_kind(otherwise) else None
        case syntax.ListOf() | syntax.Projection():
            return "list"
        case syntax.MapOf():
            return "map"
        case syntax.Arithmetic(operator="+" | "-" as operator, left=left, right=right):
            return _SUMS.get((static_kind(left), operator, static_kind(right)))
        case syntax.Arithmetic():
            return "number"
    return "bool" if isinstance(node, _TRUTHS) else None


def disorder(left: syntax.Node, right: syntax.Node) -> str | None:
    """Say why two nodes can never be compared by order, None if they may be."""
    first, second = static_kind(left), static_kind(right)
    if first is None or second is None or (first == second and first in ORDERED):
        return None
    reason = f"cannot compare {with_article(first)} with {with_article(second)}"
    written = {first, second} & {"timestamp", "duration"}
    if "string" in {first, second} and written:
        return f'{reason}: write {written.pop()}("...")'
    return reason


def _constant_kind(value: object) -> Kind | None:
    try:
        return kind_of(value)
    except EvaluationError:
        return None  # a compiled pattern
