"""The quickest correct Python for a comparison, given what is constant in it.

Refuses to know where values come from. Python's own comparison is right for strings; with numbers
it must be kept from taking a bool for 0 or 1.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import arithmetic, syntax, values
from orchestrator.core.expression.kinds import static_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.expression.emit import Emitter

_GENERAL: Final[dict[syntax.ComparisonOperator, Callable[..., object]]] = {
    "==": values.equal,
    "!=": values.unequal,
    "<": arithmetic.less,
    "<=": arithmetic.less_or_equal,
    ">": arithmetic.greater,
    ">=": arithmetic.greater_or_equal,
}
_PYTHON: Final[dict[syntax.ComparisonOperator, type[ast.cmpop]]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_MIRRORED: Final[dict[syntax.ComparisonOperator, syntax.ComparisonOperator]] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
_LIKE_BOOLS: Final = (0, 1)


def comparison(
    emit: Emitter, line: int, node: syntax.Comparison, code: Callable[[syntax.Node], ast.expr]
) -> ast.expr:
    """Return the code of a comparison.

    Args:
        emit: makes the nodes.
        line: the line they carry.
        node: the comparison.
        code: gives the code of an operand.
    """
    operator, operand, constant = node.operator, node.left, node.right
    if isinstance(operand, syntax.Constant):
        operator, operand, constant = _MIRRORED[operator], constant, operand
    if isinstance(constant, syntax.Constant) and not isinstance(operand, syntax.Constant):
        known = static_kind(constant)
        if operator in {"==", "!="} and known in {"null", "bool", "string", "number"}:
            return _equality(emit, line, operator, code(operand), constant.value)
        if known in {"string", "number"}:
            kept = emit.keep(line, code(operand))
            if known == "number" and static_kind(operand) != "number":
                kept = _no_bool(emit, line, node, kept)
            return emit.compare(line, kept, _PYTHON[operator](), code(constant))
    return emit.paid(line, _GENERAL[node.operator], code(node.left), code(node.right))


def membership(
    emit: Emitter, line: int, node: syntax.Membership, code: Callable[[syntax.Node], ast.expr]
) -> ast.expr:
    """Return the code of ``item in container``; a list of plain constants becomes a tuple."""
    container = node.container
    if isinstance(container, syntax.ListOf):
        items = [item.value for item in container.items if isinstance(item, syntax.Constant)]
        plain = all(type(item) in {str, int, float} and item not in _LIKE_BOOLS for item in items)
        if plain and len(items) == len(container.items):
            return emit.compare(line, code(node.item), ast.In(), emit.strings(line, items))
    return emit.paid(line, arithmetic.contained, code(node.item), code(container))


def _equality(
    emit: Emitter, line: int, operator: str, operand: ast.expr, value: object
) -> ast.expr:
    same = operator == "=="
    if value is None or isinstance(value, bool):
        return (emit.is_ if same else emit.is_not)(line, operand, value)
    python = ast.Eq() if same else ast.NotEq()
    constant = emit.constant(line, value)
    if value not in _LIKE_BOOLS:
        return emit.compare(line, operand, python, constant)
    compared = emit.compare(line, emit.keep(line, operand), python, constant)
    like = bool(value)
    if same:
        return emit.both(line, compared, emit.is_not(line, emit.kept(line), like))
    return emit.either(line, compared, emit.is_(line, emit.kept(line), like))


def _no_bool(emit: Emitter, line: int, node: syntax.Comparison, kept: ast.expr) -> ast.expr:
    """Let a value pass to Python's comparison with a number unless it is a bool."""
    sides = [
        emit.constant(line, side.value) if isinstance(side, syntax.Constant) else emit.kept(line)
        for side in (node.left, node.right)
    ]
    is_bool = emit.either(
        line, emit.is_(line, kept, value=True), emit.is_(line, emit.kept(line), value=False)
    )
    refused = emit.call(line, arithmetic.refuse_order, *sides)
    return emit.choice(line, is_bool, refused, emit.kept(line))
