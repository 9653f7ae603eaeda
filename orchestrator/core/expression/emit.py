"""Python nodes, one at a time, and the names they need. Knows nothing of our syntax tree.

Only constants, subscriptions, calls of our own functions, comparisons, conditionals, lambdas and
numbered variables can be made here.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Final, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCOPE: Final = "scope"
BUDGET: Final = "budget"
LOCAL: Final = re.compile(r"[vt][0-9]+")
"""The variables of generated code: v for a macro's item, t for a value kept for a moment."""

FIRST_LINE: Final = 10
"""The line of the first syntax node; smaller ones belong to the code around the expression."""

_LOAD: Final = ast.Load()
_STORE: Final = ast.Store()
_EMBEDDABLE: Final = (str, int, float, bool, type(None))


def local_name(level: int) -> str:
    """Return the name of a macro's variable."""
    return f"v{level}"


def kept_name(line: int) -> str:
    """Return the name of the variable that keeps an operand of the node on a line."""
    return f"t{line}"


class _Place(TypedDict):
    lineno: int
    end_lineno: int
    col_offset: int
    end_col_offset: int


def _at(line: int) -> _Place:
    return {"lineno": line, "end_lineno": line, "col_offset": 0, "end_col_offset": 0}


class Emitter:
    """Makes Python nodes and keeps what the code will need to run.

    Attributes:
        namespace: functions and constants by the name that the code uses for them.
        pays: whether the code needs a budget.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, object] = {}
        self.pays = False

    def constant(self, line: int, value: object) -> ast.expr:
        """Return a constant; one that Python has no literal for goes by a name."""
        if isinstance(value, _EMBEDDABLE):
            return ast.Constant(value, **_at(line))
        return self.name(line, self._named(f"k{len(self.namespace)}", value))

    def strings(self, line: int, texts: Sequence[object]) -> ast.expr:
        """Return a tuple of constants."""
        together: Any = tuple(texts)  # Python knows tuple constants, its type stubs do not
        return ast.Constant(together, **_at(line))

    def name(self, line: int, identifier: str) -> ast.expr:
        """Return the value of a variable of ours."""
        return ast.Name(identifier, _LOAD, **_at(line))

    def item(self, line: int, receiver: ast.expr, key: str) -> ast.expr:
        """Return ``receiver[key]``."""
        constant = ast.Constant(key, **_at(line))
        return ast.Subscript(receiver, constant, _LOAD, **_at(line))

    def root(self, line: int, name: str) -> ast.expr:
        """Return what the scope has under a name."""
        return self.item(line, self.name(line, SCOPE), name)

    def call(self, line: int, function: Callable[..., object], *arguments: ast.expr) -> ast.expr:
        """Return a call of a function of ours."""
        called = self.name(line, self._named(function.__name__, function))
        return ast.Call(called, list(arguments), [], **_at(line))

    def paid(self, line: int, function: Callable[..., object], *arguments: ast.expr) -> ast.expr:
        """Return a call of a function of ours that takes the budget first."""
        self.pays = True
        return self.call(line, function, self.name(line, BUDGET), *arguments)

    def keep(self, line: int, value: ast.expr) -> ast.expr:
        """Return the value, which `kept` returns again later."""
        target = ast.Name(kept_name(line), _STORE, **_at(line))
        return ast.NamedExpr(target, value, **_at(line))

    def kept(self, line: int) -> ast.expr:
        """Return what `keep` kept last for this line."""
        return self.name(line, kept_name(line))

    def compare(self, line: int, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
        """Return ``left operator right``."""
        return ast.Compare(left, [operator], [right], **_at(line))

    def is_(self, line: int, left: ast.expr, value: bool | None) -> ast.expr:  # noqa: FBT001  # a value
        """Return ``left is value``."""
        return self.compare(line, left, ast.Is(), self.constant(line, value))

    def is_not(self, line: int, left: ast.expr, value: bool | None) -> ast.expr:  # noqa: FBT001  # a value
        """Return ``left is not value``."""
        return self.compare(line, left, ast.IsNot(), self.constant(line, value))

    def both(self, line: int, *operands: ast.expr) -> ast.expr:
        """Return the operands with ``and`` between them."""
        return ast.BoolOp(ast.And(), list(operands), **_at(line))

    def either(self, line: int, *operands: ast.expr) -> ast.expr:
        """Return the operands with ``or`` between them."""
        return ast.BoolOp(ast.Or(), list(operands), **_at(line))

    def negation(self, line: int, operand: ast.expr) -> ast.expr:
        """Return ``not operand``."""
        return ast.UnaryOp(ast.Not(), operand, **_at(line))

    def choice(self, line: int, test: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
        """Return ``then if test else other``."""
        return ast.IfExp(test, then, other, **_at(line))

    def list_of(self, line: int, items: list[ast.expr]) -> ast.expr:
        """Return a new list."""
        return ast.List(items, _LOAD, **_at(line))

    def tuple_of(self, line: int, items: list[ast.expr]) -> ast.expr:
        """Return a tuple."""
        return ast.Tuple(items, _LOAD, **_at(line))

    def map_of(self, line: int, keys: list[str], items: list[ast.expr]) -> ast.expr:
        """Return a new map."""
        names: list[ast.expr | None] = [self.constant(line, key) for key in keys]
        return ast.Dict(names, items, **_at(line))

    def function(self, line: int, parameter: str, body: ast.expr) -> ast.expr:
        """Return a function of one argument."""
        argument = ast.arg(parameter, **_at(line))
        arguments = ast.arguments([], [argument], None, [], [], None, [])
        return ast.Lambda(arguments, body, **_at(line))

    def _named(self, identifier: str, value: object) -> str:
        if self.namespace.setdefault(identifier, value) is not value:
            raise RuntimeError(f"two things would go by the name {identifier}")
        return identifier
