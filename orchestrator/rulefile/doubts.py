"""Holds expressions against payload schemas: what can never be there, or never be equal."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, get_args

from orchestrator.core.expression import syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.kinds import static_kind
from orchestrator.core.expression.values import kind_of, with_article
from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.core.workflow.state import Phase, TaskStatus
from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from orchestrator.core.expression.values import Kind
    from orchestrator.rulefile.names import Readable

_MOST_SHOWN = 12


def _one_of(words: tuple[str, ...]) -> Shape:
    return Shape.of([{"type": "string", "enum": list(words)}])


_STEP_STATUS: Final = _one_of(get_args(TaskStatus))
_INSTANCE_STATUS: Final = _one_of(
    tuple(phase for phase in get_args(Phase) if phase != "recalled")  # has begun nothing
)

Doubt = tuple[int, str]
"""The character of the source it is about, and what to tell."""


def doubts(tree: syntax.Node, readable: Readable) -> Iterator[Doubt]:
    """Yield what the schemas of the events' data make doubtful in an expression.

    Args:
        tree: the expression.
        readable: what it may read.
    """
    for node, _ in syntax.walk(tree):
        look = _LOOKS.get(type(node))
        if look is not None:
            yield from look(node, readable)


def shape_of(node: syntax.Node, readable: Readable) -> Shape:
    """Return what is known of the value of a node."""
    match node:
        case syntax.Root(name=name):
            roots = {"data": readable.data, "input": readable.input, "output": readable.output}
            return roots.get(name) or readable.items.get(name, ANYTHING)
        case syntax.Field(
            receiver=syntax.Field(receiver=syntax.Root(name="events"), name=event), name="data"
        ):
            return (readable.events or {}).get(event, ANYTHING)
        case syntax.Field(
            receiver=syntax.Field(receiver=syntax.Root(name="steps"), name=step), name="output"
        ):
            return (readable.steps or {}).get(step, ANYTHING)
        case syntax.Field(receiver=receiver, name=name):
            return _status(node) or shape_of(receiver, readable).field(name) or ANYTHING
        case _:
            return ANYTHING


def _status(node: syntax.Node) -> Shape | None:
    """Return the words there are for a node that is a status."""
    match node:
        case syntax.Field(receiver=syntax.Field(receiver=syntax.Root(name="steps")), name="status"):
            return _STEP_STATUS
        case syntax.Field(receiver=syntax.Root(name="instance"), name="status"):
            return _INSTANCE_STATUS
        case _:
            return None


def kinds_of(node: syntax.Node, readable: Readable) -> frozenset[Kind]:
    """Return the kinds that the value of a node can be; none if nothing is known."""
    kind = static_kind(node)
    return frozenset({kind}) if kind else shape_of(node, readable).kinds


def unknown_field(name: str, known: set[str]) -> str:
    """Say that no schema knows a field, and which may be meant."""
    close = get_close_matches(name, sorted(known), 1)
    meant = f"did you mean {close[0]}?" if close else f"known are {_listed(sorted(known))}"
    return f"the schema has no field {quoted(name)}: {meant}"


def _field(node: syntax.Field, readable: Readable) -> Iterator[Doubt]:
    shape = shape_of(node.receiver, readable)
    if shape.kinds and "map" not in shape.kinds:
        yield node.end - len(node.name), _without_fields(shape.kinds, node.name)
    elif shape.field(node.name) is None:
        yield node.end - len(node.name), unknown_field(node.name, shape.names)


def _without_fields(kinds: frozenset[Kind], name: str) -> str:
    if kinds == {"null"}:
        return "this is always null, and has no fields"
    is_a = " or ".join(with_article(each) for each in sorted(kinds))
    instead = f": write *.{name} for those of its items" if "list" in kinds else ""
    return f"by its schema this is {is_a}, without fields{instead}"


def _fields(base: syntax.Node, steps: Sequence[syntax.Node]) -> Iterator[syntax.Field]:
    """Yield the fields that ``has`` or ``get`` asks for, as far as they are constant."""
    for step in steps:
        if not isinstance(step, syntax.Constant) or not isinstance(step.value, str):
            return
        base = syntax.Field(base.start, step.end, base, step.value)
        yield base


def _compared(
    node: syntax.Node, other: syntax.Node, readable: Readable, *, equal: bool
) -> Iterator[Doubt]:
    """Yield why a comparison with a constant comes out the same for every event."""
    if not isinstance(other, syntax.Constant):
        return
    shape = shape_of(node, readable)
    if not shape.schemas or (other.value is None and _may_be_left_out(node)):
        return
    with suppress(EvaluationError):  # a pattern has no kind
        kind = kind_of(other.value)
        if shape.kinds and kind not in shape.kinds:
            verb = "is never" if equal else "cannot be compared with"
            is_a = " or ".join(with_article(each) for each in sorted(shape.kinds))
            yield other.start, f"by its schema this is {is_a}, which {verb} {with_article(kind)}"
        elif equal and shape.values and other.value not in shape.values:
            yield other.start, _unknown_value(other.value, shape.values)


def _may_be_left_out(node: syntax.Node) -> bool:
    """Tell whether a node is the output of a step: of one that is skipped or fails, it is null."""
    match node:
        case syntax.Root(name="output"):
            return True
        case syntax.Field(receiver=syntax.Field(receiver=syntax.Root(name="steps")), name="output"):
            return True
        case _:
            return False


def _truth(node: syntax.Node, operator: str, readable: Readable) -> Iterator[Doubt]:
    kinds = kinds_of(node, readable)
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


def _of_path(node: syntax.Has | syntax.Get, readable: Readable) -> Iterator[Doubt]:
    for field in _fields(node.base, node.steps):
        yield from _field(field, readable)


def _of_comparison(node: syntax.Comparison, readable: Readable) -> Iterator[Doubt]:
    equal = node.operator in {"==", "!="}
    yield from _compared(node.left, node.right, readable, equal=equal)
    yield from _compared(node.right, node.left, readable, equal=equal)


def _of_membership(node: syntax.Membership, readable: Readable) -> Iterator[Doubt]:
    if isinstance(node.container, syntax.ListOf):
        for value in node.container.items:
            yield from _compared(node.item, value, readable, equal=True)


def _of_junction(node: syntax.Junction, readable: Readable) -> Iterator[Doubt]:
    for each in node.operands:
        yield from _truth(each, node.operator, readable)


_LOOKS: Final[Mapping[type[syntax.Node], Callable[[Any, Readable], Iterator[Doubt]]]] = {
    syntax.Field: _field,
    syntax.Has: _of_path,
    syntax.Get: _of_path,
    syntax.Comparison: _of_comparison,
    syntax.Membership: _of_membership,
    syntax.Junction: _of_junction,
}
