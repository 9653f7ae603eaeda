"""Python expression tree to a function that runs it. Knows no source syntax.

Safe by construction, and checked once more here before anything is compiled: only listed node
types, only names of ours, no builtins.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Final, cast

from orchestrator.core.expression.emit import BUDGET, LOCAL, SCOPE, Emitter
from orchestrator.core.expression.explain import FILENAME, Explanation
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import budget_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from orchestrator.core.expression.origin import Site


Scope = Mapping[str, object]
"""What each root stands for."""

Evaluate = Callable[[Scope], object]

WHITELIST: Final = frozenset(
    {
        *(ast.Constant, ast.Name, ast.Load, ast.Store, ast.NamedExpr, ast.Subscript),
        *(ast.Call, ast.Lambda, ast.arguments, ast.arg, ast.List, ast.Tuple, ast.Dict),
        *(ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.IfExp, ast.Compare, ast.In),
        *(ast.Is, ast.IsNot, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
    }
)
"""What generated code may consist of: no attribute, no import, no operator that could grow."""

_SHELL: Final = ast.parse("""\
def evaluate(scope):
    try:
        budget = budget_of(scope)
        return None
    except failures as failure:
        raise explained(failure) from None
""")
_SURROUNDINGS: Final = {
    "__builtins__": {},
    "failures": (EvaluationError, KeyError, TypeError),
    "budget_of": budget_of,
}


class Program:
    """What the expressions of one rule value or template are compiled into together.

    Attributes:
        emit: makes the Python nodes.
        sites: the syntax node of each line.
    """

    def __init__(self) -> None:
        self.emit = Emitter()
        self.sites: list[Site] = []

    def function(self, body: ast.expr) -> Evaluate:
        """Return the function that evaluates ``body``.

        It raises `ExpressionError`, and nothing else that comes from the data.
        """
        vet(body, self.emit.namespace.keys())
        namespace: dict[str, object] = {
            **_SURROUNDINGS,
            **self.emit.namespace,
            "explained": Explanation(self.sites),
        }
        module = _shell(body, pays=self.emit.pays)
        exec(compile(module, FILENAME, "exec"), namespace)  # noqa: S102  # vetted, see above
        return cast("Evaluate", namespace["evaluate"])


def vet(body: ast.expr, names: Collection[str]) -> None:
    """See that code consists of nothing but what is listed.

    Args:
        body: the code.
        names: the functions and constants it may use; only numbered variables may be bound.

    Raises:
        RuntimeError: it does not, which is a defect of the generator.
    """
    known = {*names, SCOPE, BUDGET}
    pending: list[ast.AST] = [body]
    while pending:
        node = pending.pop()
        if type(node) not in WHITELIST:
            raise RuntimeError(f"generated code must not contain {type(node).__name__}")
        if isinstance(node, ast.Constant):  # holds no code
            continue
        if isinstance(node, ast.Name):
            _vet_name(node.id, known if isinstance(node.ctx, ast.Load) else ())
        elif isinstance(node, ast.arg):
            _vet_name(node.arg, ())
        pending += _inside(node)


def _inside(node: ast.AST) -> list[ast.AST]:
    """Return the direct parts of code; operators and the like, which hold nothing, if unlisted."""
    found: list[ast.AST] = []
    for field in node._fields:
        part = getattr(node, field)
        if isinstance(part, list):
            found.extend([item for item in part if item is not None])
        elif isinstance(part, ast.AST) and (part._fields or type(part) not in WHITELIST):
            found.append(part)
    return found


def _vet_name(name: str, known: Collection[str]) -> None:
    if name not in known and not LOCAL.fullmatch(name):
        raise RuntimeError(f"generated code must not use the name {name} here")


def _shell(body: ast.expr, *, pays: bool) -> ast.Module:
    """Return the module that defines ``evaluate`` with ``body`` as its value."""
    function = cast("ast.FunctionDef", _SHELL.body[0])
    attempt = cast("ast.Try", function.body[0])
    budget, result = attempt.body
    line, column = result.lineno, result.col_offset
    returned = ast.Return(body, lineno=line, col_offset=column)
    steps: list[ast.stmt] = [budget, returned] if pays else [returned]
    defined = copy(function)  # each Python knows fields of its own
    defined.body = [ast.Try(steps, attempt.handlers, [], [], lineno=line, col_offset=column)]
    return ast.Module([defined], [])
