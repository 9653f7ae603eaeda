"""The reference page: every example gives what it says, every function is on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestrator.core.expression import compile_expression, compile_template, limits
from orchestrator.core.expression.calls import MACROS
from orchestrator.core.expression.functions import FUNCTIONS
from orchestrator.core.expression.times import parse_timestamp
from orchestrator.errors import ExpressionError

PAGE = (Path(__file__).parents[4] / "docs/reference/expressions.md").read_text(encoding="utf-8")


def block(name: str) -> list[str]:
    return re.findall(rf"^```{name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def examples(name: str) -> list[tuple[str, str]]:
    lines = [line for text in block(name) for line in text.splitlines()]
    return [(source.strip(), result.strip()) for source, _, result in map(split_at_arrow, lines)]


def split_at_arrow(line: str) -> tuple[str, str, str]:
    return line.rpartition(" => ")


SCOPE = json.loads(block("json scope")[0])
SCOPE["now"] = parse_timestamp(SCOPE["now"])
SCOPE["event"]["time"] = parse_timestamp(SCOPE["event"]["time"])


@pytest.mark.parametrize(("source", "result"), examples("expression"))
def test_expression(source: str, result: str) -> None:
    """A reader may copy any line and get what stands beside it."""
    if result.startswith("error: "):
        with pytest.raises(ExpressionError) as error:
            compile_expression(source)(SCOPE)
        assert result.removeprefix("error: ") in str(error.value)
    else:
        compile_expression(source)
        value = compile_template(f"${{{source}}}")(SCOPE)
        assert json.loads(result) == value
        assert type(json.loads(result)) is type(value)


@pytest.mark.parametrize(("source", "result"), examples("template"))
def test_template(source: str, result: str) -> None:
    """The same for templates."""
    assert json.loads(result) == compile_template(source)(SCOPE)


def test_there_are_examples() -> None:
    """The tests above must not pass because nothing was found."""
    assert len(examples("expression")) > 70
    assert len(examples("template")) > 5


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *MACROS, "has", "get"}))
def test_every_function_has_an_example(name: str) -> None:
    """A function that is not on the page does not exist for anybody."""
    assert any(f"{name}(" in source for source, _ in examples("expression"))


@pytest.mark.parametrize(
    "limit",
    [
        limits.MAX_SOURCE,
        limits.MAX_DEPTH,
        limits.MAX_NODES,
        limits.MAX_PATTERN,
        limits.MAX_STEPS,
        limits.MAX_REACTION_STEPS,
    ],
)
def test_limits(limit: int) -> None:
    """The numbers on the page are the numbers in the code."""
    assert re.search(rf"\| {limit:,}( |$)", PAGE, re.MULTILINE)
