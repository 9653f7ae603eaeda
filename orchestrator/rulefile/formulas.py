"""Compiles the expressions and templates of rule files, with positions. Evaluates nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.expression import ROOTS, compile_expression, compile_template
from orchestrator.core.expression.values import with_article
from orchestrator.core.problem import Problem
from orchestrator.core.shapes import ANYTHING
from orchestrator.document import quoted, shown
from orchestrator.errors import ExpressionError
from orchestrator.rulefile.doubts import doubts, kinds_of, shape_of
from orchestrator.rulefile.names import (
    WORKFLOW_ROOTS,
    Readable,
    refuse_unknown_events,
    refuse_unknown_steps,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.expression.syntax import Node
    from orchestrator.core.expression.values import Kind
    from orchestrator.core.shapes import Shape
    from orchestrator.document import Path
    from orchestrator.rulefile.parts import Part

_RESERVED = ROOTS | WORKFLOW_ROOTS | {"events"}
_WORDS = frozenset({"true", "false", "null", "in"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NAME_ADVICE = "use letters, digits and _, a letter first"
_DEFAULT_ITEM = "item"
_CUT = "; ` #` begins a comment in unquoted text: put the whole value in quotes"


@dataclass(frozen=True, slots=True)
class Repetition:
    """A ``for_each`` with its ``as``.

    Attributes:
        items: the list expression; None means once.
        item_name: the name an item has.
        readable: what expressions inside may read.
    """

    items: Expression | None
    item_name: str
    readable: Readable


def read_condition(part: Part | None, readable: Readable) -> Expression | None:
    """Return the compiled ``if``; None where there is none, or it had to be refused."""
    if part is None:
        return None
    if isinstance(part.value, bool):
        part.refuse(
            '`if` takes a condition such as "data.amount > 0"; to switch off a rule write '
            "`enabled: false`"
        )
        return None
    return _compile(part, readable, _CONDITION)


def read_key(part: Part, data: Shape) -> Expression | None:
    """Return the expression of a key; None where it had to be refused.

    It may not read the time: the same event must have the same key whenever it is decided.

    Args:
        part: where it stands.
        data: what the schemas of the events say of their data.
    """
    return _compile(part, Readable(data, ROOTS - {"now"}), _KEY)


def read_moment(part: Part, readable: Readable) -> Expression | None:
    """Return the expression of a moment; None where it had to be refused."""
    return _compile(part, readable, _MOMENT)


def read_repetition(entries: Mapping[str, Part], readable: Readable) -> Repetition:
    """Read ``for_each`` and ``as`` of a rule or an action."""
    items, name = entries.get("for_each"), entries.get("as")
    if items is None:
        if name is not None:
            name.refuse_key("`as` names the items of a `for_each`, and there is none: remove it")
        return Repetition(None, _DEFAULT_ITEM, readable)
    item_name = _item_name(items, name, readable.roots)
    listed = _compile(items, readable, _LIST)
    each = shape_of(listed.tree, readable).items if listed else ANYTHING
    return Repetition(listed, item_name, readable.with_item(item_name, each))


def read_label(part: Part) -> str | None:
    """Return the ``as`` of an event; None where it had to be refused."""
    text = part.text("write a name, such as `as: first`")
    if text is not None and (not _NAME.fullmatch(text) or text in _WORDS):
        part.refuse(f"{quoted(text)} cannot name an event: {_NAME_ADVICE}")
        return None
    return text


def read_template(part: Part, readable: Readable) -> Template | None:
    """Return the compiled data of a message; None where it had to be refused."""
    failures: list[ExpressionError] = []
    try:
        template = compile_template(
            part.value,
            lambda path, offset: part.document.locate((*part.path, *path), offset),
            roots=readable.roots,
            on_error=failures.append,
        )
    except ExpressionError:
        for failure in failures:
            position = failure.position or part.position
            part.problems.append(Problem(position, failure.message))
        return None
    refuse_unknown_events(part, template.reads, readable.events)
    refuse_unknown_steps(part, template.reads, readable)
    for path, tree in template.trees:
        _doubt(part, (*part.path, *path), tree, readable)
    return template


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an expression must give, and how to write one that does."""

    kinds: frozenset[Kind]
    instead: str


_CONDITION = _Wanted(frozenset({"bool"}), 'write a condition such as "data.amount > 0"')
_MOMENT = _Wanted(
    frozenset({"timestamp", "string"}),
    "write an expression that gives a time, such as timestamp(input.opens_at)",
)
_LIST = _Wanted(
    frozenset({"list"}), "write an expression that gives a list, in quotes: 'data.items'"
)
_KEY = _Wanted(
    frozenset({"string", "number", "bool"}),
    "write an expression that gives text or a number, such as data.employer",
)


def _compile(part: Part, readable: Readable, wanted: _Wanted) -> Expression | None:
    source = part.text(wanted.instead)
    if source is None:
        return None
    document, path = part.document, part.path
    try:
        expression = compile_expression(
            source, lambda offset: document.locate(path, offset), roots=readable.roots
        )
    except ExpressionError as error:
        hint = _CUT if document.cut_by_comment(path) else ""
        part.problems.append(Problem(error.position or part.position, error.message + hint))
        return None
    kinds = kinds_of(expression.tree, readable)
    if kinds and kinds.isdisjoint(wanted.kinds):
        gives = " or ".join(with_article(kind) for kind in sorted(kinds))
        part.refuse(f"`{shown(part.key)}` gives {gives}: {wanted.instead}")
    refuse_unknown_events(part, expression.reads, readable.events)
    refuse_unknown_steps(part, expression.reads, readable)
    _doubt(part, path, expression.tree, readable)
    return expression


def _doubt(part: Part, path: Path, tree: Node, readable: Readable) -> None:
    """Warn of what the events' schemas make doubtful in the text at `path`."""
    for offset, message in doubts(tree, readable):
        part.problems.append(Problem(part.document.locate(path, offset), message, "warning"))


def _item_name(items: Part, name: Part | None, roots: frozenset[str]) -> str:
    if name is None:
        if _DEFAULT_ITEM in roots:
            items.refuse_key("`item` is already an item of the rule: name this one with `as`")
        return _DEFAULT_ITEM
    text = name.text("write the name of an item, such as `as: employee`")
    if text is None:
        return _DEFAULT_ITEM
    if not _NAME.fullmatch(text) or text in _WORDS:
        name.refuse(f"{quoted(text)} cannot name an item: {_NAME_ADVICE}")
    elif text in _RESERVED or text in roots:
        name.refuse(f"{quoted(text)} already means something else here: choose another name")
    return text
