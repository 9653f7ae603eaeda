"""What is known about the kind of a value before anything runs. Knows no Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.expression import syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.values import kind_of

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


def static_kind(node: syntax.Node) -> Kind | None:  # noqa: PLR0911  # one case per node class
    """Return the kind that a node always has, None if that depends on the data."""
    match node:
        case syntax.Constant(value=value):
            return _constant_kind(value)
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
        case syntax.Arithmetic(operator="*" | "/" | "%"):
            return "number"
    return "bool" if isinstance(node, _TRUTHS) else None


def _constant_kind(value: object) -> Kind | None:
    try:
        return kind_of(value)
    except EvaluationError:
        return None  # a compiled pattern
