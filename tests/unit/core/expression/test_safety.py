"""What generated code may consist of, with code that may not."""

from __future__ import annotations

import ast

import pytest

from orchestrator.core.expression import compile_expression, compile_template
from orchestrator.core.expression.program import vet
from orchestrator.errors import ExpressionError


@pytest.mark.parametrize(
    "code",
    [
        "scope.__class__",
        "scope + scope",
        "print(scope)",
        "[v0 for v0 in scope]",
        "f'{scope}'",
        "lambda *scope: 1",
        "budget(**scope)",
        "(leak := scope)",
        "lambda leak: 1",
    ],
)
def test_vet_refuses(code: str) -> None:
    """The check before compiling catches a generator that would go astray."""
    with pytest.raises(RuntimeError, match="generated code must not"):
        vet(ast.parse(code, mode="eval").body, {"known"})


def test_vet_accepts_what_the_generator_makes() -> None:
    """The negative control: the check is not one that refuses everything."""
    vet(ast.parse("known(budget, scope['a'], lambda v0: (t1 := v0))", mode="eval").body, {"known"})


@pytest.mark.parametrize(
    "source",
    [
        "data.__class__",
        "data.items.__class__.__mro__",
        'data["__class__"]',
        "event.__dict__",
    ],
)
def test_dunder_names_are_ordinary_fields(source: str) -> None:
    """A field is looked up in the event's data and nowhere else."""
    with pytest.raises(ExpressionError, match=r"is missing|has no field"):
        compile_expression(source)({"data": {"items": []}, "event": {}})


@pytest.mark.parametrize(
    "source",
    ["__import__('os')", "eval('1')", "data.keys.__call__()", "print(1)", "scope", "budget", "t1"],
)
def test_python_names_mean_nothing(source: str) -> None:
    """Python's names, and those the generated code uses itself, are unknown names."""
    with pytest.raises(ExpressionError, match=r"unknown|no function"):
        compile_expression(source)


def test_code_has_no_builtins_and_no_attributes() -> None:
    """The compiled function itself has nothing to reach for."""
    sources = ["data.a == 1 && data.b.exists(x, x > 1)", "get(data.a, 1) + size(data.b) > 2"]
    for function in (
        *[compile_expression(source).function for source in sources],
        compile_template({"a": "${data.a} x", "b": "${data.b.map(x, x)}"}).function,
    ):
        assert function.__globals__["__builtins__"] == {}
        assert set(function.__code__.co_names) <= {*function.__globals__}
