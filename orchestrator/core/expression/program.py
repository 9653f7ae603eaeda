"""Python expression tree to a function that runs it. Knows no source syntax.

Safe by construction, and checked once more here before anything is compiled: only listed node
types, only names of ours, no builtins.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, cast

from orchestrator.core.expression.emit import BUDGET, LOCAL, SCOPE, Emitter
from orchestrator.core.expression.explain import FILENAME, Explanation
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import Budget

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

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

_SHELL: Final = """\
def evaluate(scope):
    try:
        budget = new_budget()
        return value
    except failures as failure:
        raise explained(failure) from None
"""


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
            "__builtins__": {},
            "failures": (EvaluationError, KeyError, TypeError),
            "new_budget": Budget,
            "explained": Explanation(self.sites),
            **self.emit.namespace,
        }
        module = _shell(body, pays=self.emit.pays)
        exec(compile(module, FILENAME, "exec"), namespace)  # noqa: S102  # vetted, see above
        return cast("Evaluate", namespace["evaluate"])


def vet(body: ast.expr, names: AbstractSet[str]) -> None:
    """See that code consists of nothing but what is listed.

    Args:
        body: the code.
        names: the functions and constants it may use.

    Raises:
        RuntimeError: it does not, which is a defect of the generator.
    """
    for node in ast.walk(body):
        if type(node) not in WHITELIST:
            raise RuntimeError(f"generated code must not contain {type(node).__name__}")
        name = getattr(node, "id", None) or getattr(node, "arg", None)
        if name and name not in names and name not in {SCOPE, BUDGET} and not LOCAL.fullmatch(name):
            raise RuntimeError(f"generated code must not use the name {name}")


def _shell(body: ast.expr, *, pays: bool) -> ast.Module:
    module = ast.parse(_SHELL)
    function = cast("ast.FunctionDef", module.body[0])
    attempt = cast("ast.Try", function.body[0])
    result = ast.Return(body, lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)
    attempt.body = [attempt.body[0], result] if pays else [result]
    return module
