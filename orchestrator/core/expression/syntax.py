"""The syntax tree of an expression, names resolved. Knows neither its text nor how it will run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.expression.functions import Function

ArithmeticOperator = Literal["+", "-", "*", "/", "%"]
ComparisonOperator = Literal["==", "!=", "<", "<=", ">", ">="]
JunctionOperator = Literal["&&", "||"]
MacroName = Literal["all", "exists", "exists_one", "filter", "map"]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression: characters ``start`` to ``end`` (exclusive) of the source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A value known from the source: a literal, or a timestamp, duration or pattern made of one."""

    value: object


@dataclass(frozen=True, slots=True)
class Root(Node):
    """A name that the scope gives a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Local(Node):
    """The variable of an enclosing macro; ``level`` 0 is the outermost."""

    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``receiver.name``, also written ``receiver["name"]``."""

    receiver: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``receiver[key]``."""

    receiver: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Projection(Node):
    """``receiver.*.path``: a None in the path is a further ``*``."""

    receiver: Node
    path: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """``!operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``left operator right``."""

    operator: ArithmeticOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left operator right``."""

    operator: ComparisonOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """``item in container``."""

    item: Node
    container: Node


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """Two or more operands between ``&&`` or between ``||``."""

    operator: JunctionOperator
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``test ? then : otherwise``."""

    test: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf(Node):
    """``{"key": value}``."""

    keys: tuple[Node, ...]
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function on its arguments; a receiver is the first of them."""

    function: Function
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Has(Node):
    """``has(base.step.step)``."""

    base: Node
    steps: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Get(Node):
    """``get(base.step.step, default)``."""

    base: Node
    steps: tuple[Node, ...]
    default: Node


@dataclass(frozen=True, slots=True)
class Macro(Node):
    """``receiver.name(variable, body)``; ``level`` numbers the variable."""

    name: MacroName
    receiver: Node
    level: int
    body: Node


@cache
def _part_names(node_class: type[Node]) -> tuple[str, ...]:
    """Return the names of the fields that hold a node or a tuple of nodes."""
    return tuple(field.name for field in fields(node_class) if "Node" in str(field.type))


def children(node: Node) -> list[Node]:
    """Return the direct parts of a node, in the order of the source."""
    found: list[Node] = []
    for name in _part_names(type(node)):  # type: ignore[arg-type]  # a class is hashable
        part = getattr(node, name)
        if isinstance(part, tuple):
            found += part
        else:
            found.append(part)
    return found


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Yield a node and everything below it with its depth, without recursion."""
    pending = [(node, 1)]
    while pending:
        item = pending.pop()
        yield item
        current, depth = item
        if _part_names(type(current)):  # type: ignore[arg-type]  # a class is hashable
            pending.extend([(child, depth + 1) for child in children(current)])


def static_path(node: Node) -> tuple[str, ...] | None:
    """Return a path of constant names from a root (``("data", "region")``), else None."""
    names: list[str] = []
    while isinstance(node, Field):
        names.append(node.name)
        node = node.receiver
    return (node.name, *reversed(names)) if isinstance(node, Root) else None


def written_paths(nodes: Iterable[Node]) -> frozenset[tuple[str, ...]]:
    """Return the paths from a root among nodes, each as far as it is written with constant names.

    Args:
        nodes: whole trees, as `walk` yields them.
    """
    found: dict[int, tuple[str, ...]] = {}
    inner: set[int] = set()
    for node in nodes:
        match node:
            case Root():
                found[id(node)] = (node.name,)
            case Field(receiver=base, name=name):
                _go_on(node, base, (name,), found, inner)
            case Has(base=base, steps=steps) | Get(base=base, steps=steps):
                _go_on(node, base, _constant_names(steps), found, inner)
            case Projection(receiver=base, path=path):
                _go_on(node, base, ("*", *(name or "*" for name in path)), found, inner)
    return frozenset(path for key, path in found.items() if key not in inner)


def _go_on(
    node: Node,
    base: Node,
    names: tuple[str, ...],
    found: dict[int, tuple[str, ...]],
    inner: set[int],
) -> None:
    """Note the path of a node that goes on from a base, unless that has none itself."""
    before = static_path(base)
    if before is not None:
        found[id(node)] = (*before, *names)
        inner.add(id(base))


def _constant_names(steps: tuple[Node, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for step in steps:
        if not isinstance(step, Constant) or not isinstance(step.value, str):
            break
        names.append(step.value)
    return tuple(names)
