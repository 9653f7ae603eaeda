"""Compiles the expressions and templates of rule files, with positions. Evaluates nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.expression import ROOTS, compile_expression, compile_template
from orchestrator.core.problem import Problem
from orchestrator.document import quoted
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.expression.values import Kind
    from orchestrator.rulefile.parts import Part

_RESERVED = ROOTS | {"events", "input", "steps", "instance"}
_WORDS = frozenset({"true", "false", "null", "in"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DEFAULT_ITEM = "item"
_CUT = "; ` #` begins a comment in unquoted text: put the whole value in quotes"


@dataclass(frozen=True, slots=True)
class Repetition:
    """A ``for_each`` with its ``as``.

    Attributes:
        items: the list expression; None means once.
        item_name: the name an item has.
        roots: what expressions inside may read.
    """

    items: Expression | None
    item_name: str
    roots: frozenset[str]


def read_condition(part: Part | None, roots: frozenset[str]) -> Expression | None:
    """Return the compiled ``if``; None where there is none, or it had to be refused."""
    if part is None:
        return None
    if isinstance(part.value, bool):
        part.refuse(
            '`if` takes a condition such as "data.amount > 0"; to switch off a rule write '
            "`enabled: false`"
        )
        return None
    return _compile(part, roots, _Wanted("bool", 'write a condition such as "data.amount > 0"'))


def read_repetition(entries: Mapping[str, Part], roots: frozenset[str]) -> Repetition:
    """Read ``for_each`` and ``as`` of a rule or an action."""
    items, name = entries.get("for_each"), entries.get("as")
    if items is None:
        if name is not None:
            name.refuse_key("`as` names the items of a `for_each`, and there is none: remove it")
        return Repetition(None, _DEFAULT_ITEM, roots)
    item_name = _item_name(items, name, roots)
    wanted = _Wanted("list", "write an expression that gives a list, in quotes: 'data.items'")
    return Repetition(_compile(items, roots, wanted), item_name, roots | {item_name})


def read_template(part: Part, roots: frozenset[str]) -> Template | None:
    """Return the compiled data of a message; None where it had to be refused."""
    failures: list[ExpressionError] = []
    try:
        return compile_template(
            part.value,
            lambda path, offset: part.document.locate((*part.path, *path), offset),
            roots=roots,
            on_error=failures.append,
        )
    except ExpressionError:
        for failure in failures:
            position = failure.position or part.position
            part.problems.append(Problem(position, failure.message))
        return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an expression must give, and how to write one that does."""

    kind: Kind
    instead: str


def _compile(part: Part, roots: frozenset[str], wanted: _Wanted) -> Expression | None:
    source = part.text(wanted.instead)
    if source is None:
        return None
    document, path = part.document, part.path
    try:
        expression = compile_expression(
            source, lambda offset: document.locate(path, offset), roots=roots
        )
    except ExpressionError as error:
        hint = _CUT if document.cut_by_comment(path) else ""
        part.problems.append(Problem(error.position or part.position, error.message + hint))
        return None
    if expression.kind not in {None, wanted.kind}:
        part.refuse(f"`{part.key}` gives a {expression.kind}: {wanted.instead}")
    return expression


def _item_name(items: Part, name: Part | None, roots: frozenset[str]) -> str:
    if name is None:
        if _DEFAULT_ITEM in roots:
            items.refuse_key("`item` is already an item of the rule: name this one with `as`")
        return _DEFAULT_ITEM
    text = name.text("write the name of an item, such as `as: employee`")
    if text is None:
        return _DEFAULT_ITEM
    if not _NAME.fullmatch(text) or text in _WORDS:
        name.refuse(
            f"{quoted(text)} cannot name an item: use letters, digits and _, a letter first"
        )
    elif text in _RESERVED or text in roots:
        name.refuse(f"{quoted(text)} already means something else here: choose another name")
    return text
