"""Holds expressions against payload schemas: what can never be there, or never be equal."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING

from orchestrator.core.expression import syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.kinds import static_kind
from orchestrator.core.expression.values import kind_of, with_article
from orchestrator.document import quoted
from orchestrator.rulefile.shapes import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.expression.values import Kind
    from orchestrator.rulefile.shapes import Shape

_MOST_SHOWN = 12

Doubt = tuple[int, str]
"""The character of the source it is about, and what to tell."""


def doubts(tree: syntax.Node, data: Shape) -> Iterator[Doubt]:
    """Yield what the schemas of the event's data make doubtful in an expression.

    Args:
        tree: the expression.
        data: the shape of its root ``data``.
    """
    for node, _ in syntax.walk(tree):
        match node:
            case syntax.Field(receiver=receiver, name=name):
                yield from _field(node.end - len(name), shape_of(receiver, data), name)
            case syntax.Has(base=base, steps=steps) | syntax.Get(base=base, steps=steps):
                yield from _steps(shape_of(base, data), steps)
            case syntax.Comparison(operator=operator, left=left, right=right):
                equal = operator in {"==", "!="}
                yield from _compared(left, right, data, equal=equal)
                yield from _compared(right, left, data, equal=equal)
            case syntax.Membership(item=item, container=syntax.ListOf(items=items)):
                yield from chain.from_iterable(
                    _compared(item, value, data, equal=True) for value in items
                )
            case syntax.Junction(operator=operator, operands=operands):
                yield from chain.from_iterable(_truth(each, operator, data) for each in operands)


def shape_of(node: syntax.Node, data: Shape) -> Shape:
    """Return what is known of the value of a node."""
    match node:
        case syntax.Root(name="data"):
            return data
        case syntax.Field(receiver=receiver, name=name):
            return shape_of(receiver, data).field(name) or ANYTHING
        case _:
            return ANYTHING


def kinds_of(node: syntax.Node, data: Shape) -> frozenset[Kind]:
    """Return the kinds that the value of a node can be; none if nothing is known."""
    kind = static_kind(node)
    return frozenset({kind}) if kind else shape_of(node, data).kinds


def unknown_field(name: str, known: set[str]) -> str:
    """Say that no schema knows a field, and which may be meant."""
    close = get_close_matches(name, sorted(known), 1)
    meant = f"did you mean {close[0]}?" if close else f"known are {_listed(sorted(known))}"
    return f"the schema has no field {quoted(name)}: {meant}"


def _field(offset: int, shape: Shape, name: str) -> Iterator[Doubt]:
    if shape.field(name) is None:
        yield offset, unknown_field(name, shape.names)


def _steps(shape: Shape, steps: Sequence[syntax.Node]) -> Iterator[Doubt]:
    for step in steps:
        if not isinstance(step, syntax.Constant) or not isinstance(step.value, str):
            return
        yield from _field(step.end - len(step.value), shape, step.value)
        shape = shape.field(step.value) or ANYTHING


def _compared(
    node: syntax.Node, other: syntax.Node, data: Shape, *, equal: bool
) -> Iterator[Doubt]:
    """Yield why a comparison with a constant comes out the same for every event."""
    shape = shape_of(node, data)
    if not isinstance(other, syntax.Constant) or not shape.schemas:
        return
    with suppress(EvaluationError):  # a pattern has no kind
        kind = kind_of(other.value)
        if shape.kinds and kind not in shape.kinds:
            verb = "is never" if equal else "cannot be compared with"
            is_a = " or ".join(with_article(each) for each in sorted(shape.kinds))
            yield other.start, f"by its schema this is {is_a}, which {verb} {with_article(kind)}"
        elif equal and shape.values and other.value not in shape.values:
            yield other.start, _unknown_value(other.value, shape.values)


def _truth(node: syntax.Node, operator: str, data: Shape) -> Iterator[Doubt]:
    kinds = kinds_of(node, data)
    if kinds and "bool" not in kinds:
        is_a = " or ".join(with_article(each) for each in sorted(kinds))
        yield node.start, f"{operator} joins conditions, and this is {is_a}: write a comparison"


def _unknown_value(value: object, values: list[object]) -> str:
    words = [str(each) for each in values]
    close = get_close_matches(str(value), words, 1)
    meant = f"did you mean {quoted(close[0])}?" if close else f"it is one of {_listed(words)}"
    return f"by its schema this is never {quoted(str(value))}: {meant}"


def _listed(words: Sequence[str]) -> str:
    rest = len(words) - _MOST_SHOWN
    return ", ".join(words[:_MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
