"""The expression language: a small dialect of CEL, compiled to Python. Knows no files, no clock."""

from orchestrator.core.expression.expression import ROOTS, Expression, compile_expression
from orchestrator.core.expression.limits import Budget, ReactionBudget
from orchestrator.core.expression.origin import Locate
from orchestrator.core.expression.program import Scope
from orchestrator.core.expression.template import LocateIn, Template, compile_template

__all__ = [
    "ROOTS",
    "Budget",
    "Expression",
    "Locate",
    "LocateIn",
    "ReactionBudget",
    "Scope",
    "Template",
    "compile_expression",
    "compile_template",
]
