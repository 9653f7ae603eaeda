"""The limits that keep one expression from taking the daemon with it."""

from __future__ import annotations

import time

import pytest

from orchestrator.core.expression import compile_expression, compile_template, limits
from orchestrator.errors import ExpressionError


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(" * 65 + "1" + ")" * 65, "nested more than 64 deep"),
        ("!" * 65 + "true", "nested more than 64 deep"),
        ("[" * 65 + "]" * 65, "nested more than 64 deep"),
        ("1" + "+1" * 64, "nested more than 64 deep"),
        ("data" + ".a" * 64, "nested more than 64 deep"),
        ("true ? 1 : " * 64 + "1", "nested more than 64 deep"),
        ("[" + "1," * 1_000 + "1]", "more than 1,000 parts"),
        (f'"{"x" * 4_096}" == data.a', "longer than 4,096 characters"),
        (" " * 5_000 + "1", "longer than 4,096 characters"),
        (f'matches(data.a, "{"x" * 1_001}")', "the pattern is longer than 1,000 characters"),
    ],
)
def test_source(source: str, message: str) -> None:
    """Size and depth are bounded before anything recurses or is compiled."""
    with pytest.raises(ExpressionError) as error:
        compile_expression(source)

    assert message in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 60 + "1" + ")" * 60,
        " || ".join(['data.a == "x"'] * 150),
        "data.a in [" + ", ".join(f'"{number}"' for number in range(400)) + "]",
    ],
)
def test_generous_enough(source: str) -> None:
    """Long lists of alternatives are ordinary rules."""
    compile_expression(source)({"data": {"a": "x"}})


DOUBLED = "".join(".map(a, a + a)" for _ in range(40))
NESTED = "".join(".map(a, [a, a])" for _ in range(40))


@pytest.mark.parametrize(
    "source",
    [
        "range(1000001)",
        "range(1000).all(a, range(1000).all(b, true))",
        "data.many.all(a, data.many.all(b, a == b || a != b))",
        f'["xxxxxxxx"]{DOUBLED}',
        f"[[1]]{DOUBLED}",
        f"[1]{NESTED} == [1]{NESTED}",
        f"string([1]{NESTED})",
        f"distinct([1]{NESTED})",
        "range(100000).map(a, data.text)" + ".map(a, string(a) + data.text)",
        "join(data.many.map(a, data.text), data.text)",
        "data.many.map(a, split(data.text, ''))",
        "data.many.all(a, data.many2 == data.many)",
        "data.many.all(a, sort(data.many) == data.many)",
        "data.many.all(a, !(-1 in data.many))",
        "data.many.all(a, upper(data.text) != lower(data.text))",
        "data.many.all(a, data.text2 == data.text)",
        "data.many.all(a, data.text2 <= data.text)",
        "data.many.all(a, !matches(data.text, 'z$'))",
        "data.many.all(a, size(data.objects.*.n) > 0)",
        "data.many.all(a, sum(data.many) >= 0)",
        "data.many.all(a, size(distinct(data.many)) > 0)",
        "data.many.all(a, size(keys(data.map)) > 0)",
        "data.many.all(a, size(values(data.map)) > 0)",
        "data.many.all(a, max(data.many) > 0)",
    ],
)
def test_work_and_growth_share_one_budget(source: str) -> None:
    """Whatever loops or grows ends with an error within a moment, long before memory does."""
    data = {
        "many": list(range(5_000)),
        "many2": list(range(5_000)),
        "text": "x" * 200_000,
        "text2": "".join(["x"] * 200_000),
        "objects": [{"n": number} for number in range(5_000)],
        "map": {str(number): number for number in range(5_000)},
    }
    expression = compile_expression(source)
    began = time.process_time()

    with pytest.raises(ExpressionError, match="needs more than 1,000,000 steps"):
        expression({"data": data})

    assert time.process_time() - began < 2


def test_a_small_value_that_prints_large_is_refused() -> None:
    """A payload that mentions one text many times must not fill memory when it is sent."""
    template = compile_template({"value": "${range(10000).map(a, data.text)}"})

    with pytest.raises(ExpressionError, match="steps"):
        template({"data": {"text": "x" * 100_000}})


def test_so_is_one_whose_field_names_print_large() -> None:
    """Whoever publishes chooses the names of fields as freely as their values."""
    template = compile_template({"value": "${range(10000).map(a, data)}"})

    with pytest.raises(ExpressionError, match="steps"):
        template({"data": {"x" * 100_000: 1}})


def test_a_text_that_grows_by_repetition_is_refused() -> None:
    """So must a string that prints one large value very often."""
    template = compile_template("${data.text} " * 1_000)

    with pytest.raises(ExpressionError, match="steps"):
        template({"data": {"text": "x" * 100_000}})


def test_an_ordinary_loop_is_far_from_the_budget() -> None:
    """The limit is for accidents: ten thousand items with a few conditions pass."""
    expression = compile_expression("data.items.all(i, i.price > 0 && i.price < 100)")

    assert expression.holds({"data": {"items": [{"price": 5}] * 10_000}})


def test_patterns_take_linear_time() -> None:
    """The pattern that hangs backtracking engines is an ordinary one here."""
    expression = compile_expression('matches(data.text, "^(a+)+$")')
    began = time.process_time()

    assert expression.holds({"data": {"text": "a" * 50_000 + "!"}}) is False
    assert time.process_time() - began < 1


def test_each_evaluation_has_a_budget_of_its_own() -> None:
    """A budget that ran over from event to event would fail rules after a while."""
    expression = compile_expression("size(range(600000)) == 600000")

    assert limits.MAX_STEPS < 2 * 600_000
    assert expression.holds({})
    assert expression.holds({})
