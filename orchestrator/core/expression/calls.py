"""Calls, macros, has() and get() to nodes, names and arguments checked. Knows no Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from orchestrator.core.expression import hints, syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.functions import FUNCTIONS, Function
from orchestrator.core.expression.limits import Budget
from orchestrator.core.expression.strings import compile_pattern
from orchestrator.core.expression.tokens import SourceError

if TYPE_CHECKING:
    from orchestrator.core.expression.parser import Parser
    from orchestrator.core.expression.tokens import Token

MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_KNOWN: Final = frozenset({*FUNCTIONS, *MACROS, "has", "get"})
_WORDS: Final = ("true", "false", "null", "in")
_MAP_WITH_CONDITION: Final = 2
_FOLDED: Final = frozenset({"timestamp", "duration"})


def function(parser: Parser, name: Token) -> syntax.Node:
    """Read the rest of ``name(...)``.

    Raises:
        SourceError: no such function, or not with these arguments.
    """
    if name.text in MACROS:
        raise SourceError(f"write list.{name.text}(item, ...)", name.start)
    if name.text not in _KNOWN:
        raise SourceError(hints.unknown_function(name.text, _KNOWN), name.start)
    arguments = parser.listed(")")
    end = parser.previous.end
    if name.text == "has":
        return _has(name, arguments, end)
    if name.text == "get":
        return _get(name, arguments, end)
    return _call(name, name.start, arguments, end)


def method(parser: Parser, name: Token, receiver: syntax.Node) -> syntax.Node:
    """Read the rest of ``receiver.name(...)``: a macro, or a function with one argument before it.

    Raises:
        SourceError: no such function, or not with these arguments.
    """
    if name.text in MACROS:
        return _macro(parser, name, receiver)
    if name.text in {"has", "get"}:
        example = "has(data.field)" if name.text == "has" else "get(data.field, default)"
        raise SourceError(f"write {example}", name.start)
    if name.text not in FUNCTIONS:
        raise SourceError(hints.unknown_function(name.text, _KNOWN), name.start)
    return _call(name, receiver.start, [receiver, *parser.listed(")")], parser.previous.end)


def _call(name: Token, start: int, arguments: list[syntax.Node], end: int) -> syntax.Node:
    called = FUNCTIONS[name.text]
    if len(arguments) < called.fewest or len(arguments) > (called.most or len(arguments)):
        raise SourceError(f"wrong number of arguments: write {called.signature}", name.start)
    if called.name == "matches":
        arguments[1] = _pattern(arguments[1])
    if called.name in _FOLDED and isinstance(arguments[0], syntax.Constant):
        return _folded(called, arguments[0], start, end)
    return syntax.Call(start, end, called, tuple(arguments))


def _folded(called: Function, argument: syntax.Constant, start: int, end: int) -> syntax.Constant:
    try:
        return syntax.Constant(start, end, called.apply(Budget(), argument.value))
    except EvaluationError as error:
        raise SourceError(str(error), argument.start) from None


def _pattern(argument: syntax.Node) -> syntax.Node:
    if not isinstance(argument, syntax.Constant) or not isinstance(argument.value, str):
        return argument
    try:
        return syntax.Constant(argument.start, argument.end, compile_pattern(argument.value))
    except EvaluationError as error:
        raise SourceError(str(error), argument.start) from None


def _has(name: Token, arguments: list[syntax.Node], end: int) -> syntax.Node:
    if len(arguments) != 1:
        raise SourceError("has() takes one path: write has(data.field)", name.start)
    base, steps = _path(arguments[0], "has(data.field)")
    return syntax.Has(name.start, end, base, steps)


def _get(name: Token, arguments: list[syntax.Node], end: int) -> syntax.Node:
    if len(arguments) != 2:  # noqa: PLR2004  # a path and a default
        raise SourceError(
            "get() takes a path and a default: write get(data.field, default)", name.start
        )
    base, steps = _path(arguments[0], "get(data.field, default)")
    return syntax.Get(name.start, end, base, steps, arguments[1])


def _path(node: syntax.Node, example: str) -> tuple[syntax.Node, tuple[syntax.Node, ...]]:
    """Take a path apart: what it starts from, and the fields and items on the way."""
    outermost = node
    steps: list[syntax.Node] = []
    while isinstance(node, syntax.Field | syntax.Index):
        key = node.key if isinstance(node, syntax.Index) else None
        name = node.name if isinstance(node, syntax.Field) else None
        steps.append(key or syntax.Constant(node.start, node.end, name))
        node = node.receiver
    if not steps:
        raise SourceError(f"expected a path to a field: write {example}", outermost.start)
    return node, tuple(reversed(steps))


def _macro(parser: Parser, name: Token, receiver: syntax.Node) -> syntax.Node:
    variable = parser.token
    if variable.kind != "name":
        raise SourceError(
            f"write {name.text}(item, ...): a name for the item first", variable.start
        )
    if variable.text in {*parser.roots, *parser.variables, *_WORDS}:
        raise SourceError(
            f"{variable.text} already means something: choose another name", variable.start
        )
    parser.advance()
    parser.expect_separator(")")
    level = len(parser.variables)
    parser.variables.append(variable.text)
    bodies = parser.listed(")")
    parser.variables.pop()
    return _looped(name, receiver, level, bodies, parser.previous.end)


def _looped(
    name: Token, receiver: syntax.Node, level: int, bodies: list[syntax.Node], end: int
) -> syntax.Node:
    start = receiver.start
    if name.text == "map" and len(bodies) == _MAP_WITH_CONDITION:
        receiver = syntax.Macro(start, end, "filter", receiver, level, bodies[0])
        bodies = bodies[1:]
    if len(bodies) != 1:
        raise SourceError(f"write list.{name.text}(item, expression)", name.start)
    kind = cast("syntax.MacroName", name.text)
    return syntax.Macro(start, end, kind, receiver, level, bodies[0])
