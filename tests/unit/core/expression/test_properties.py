"""What must hold for all data and all expressions, on generated ones."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.expression import compile_expression, compile_template
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from([0, 1, 0.0, 1.0, "", "a", "2026-03-01T08:00:00Z", "1h"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
MAPS = st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3)
SOURCES = [
    "data.a == data.b",
    "data.a < data.b",
    "data.a.b == 1 && data.b > 2",
    "data.a in data.b",
    "data.a + data.b",
    "data.a / data.b - data.c * 2 % 3",
    "-data.a",
    "!data.a || data.b",
    "data.a ? data.b : data.c",
    "data.a[data.b]",
    "data.a.*.b",
    "data.a.*.*.b",
    "data.a.map(x, data.b == x)",
    "data.a.filter(x, x.a > 1).all(x, has(x.b))",
    "get(data.a.b[0], data.c)",
    "sort(data.a) + distinct(data.a)",
    "min(data.a, data.b) < max(data.c)",
    "sum(data.a) + avg(data.b)",
    "keys(data.a) == values(data.b)",
    "split(data.a, data.b).join(data.c)",
    "matches(data.a, data.b)",
    "timestamp(data.a) + duration(data.b)",
    "string(data.a) + string(int(data.b)) + string(double(data.c))",
    "bool(data.a) && data.b.contains(data.c)",
    "upper(data.a) < lower(data.b) && trim(data.c).startsWith(data.a)",
    "range(size(data.a)).map(i, data.a[i])",
    "{data.a: data.b}",
]


@given(MAPS)
@settings(max_examples=200, deadline=None)
def test_evaluation_raises_nothing_but_its_own_error(data: dict[str, object]) -> None:
    """Whatever an event holds, a rule yields a value or an error that can be dead-lettered."""
    before = json.dumps(data)
    for source in SOURCES:
        first, second = outcome(source, {"data": data}), outcome(source, {"data": data})
        assert repr(first) == repr(second)
        assert "\n" not in first if isinstance(first, Failed) else True
    assert before == json.dumps(data)


@given(JSON)
@settings(deadline=None)
def test_json_survives_as_source_and_as_template(value: object) -> None:
    """JSON is a subset of the language: a literal means itself, and a template keeps it."""
    if '"\\ud' not in json.dumps(value) and "$" not in json.dumps(value):
        assert json.dumps(value) == json.dumps(compile_template({"v": value})({})["v"])  # type: ignore[index]
    assert value == compile_template("${data}")({"data": value})
    assert value == compile_template("${[event][0]}")({"event": value})
    literal = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if len(literal) < 4_000:
        assert json.dumps(value) == json.dumps(compile_expression(literal)({}))


EQUAL = compile_expression("data.a == data.b").holds
UNEQUAL = compile_expression("data.a != data.b").holds
CONTAINED = compile_expression("data.a in [data.b]").holds
DISTINCT = compile_expression("size(distinct([data.a, data.b]))")


@given(JSON, JSON)
@settings(max_examples=300, deadline=None)
def test_equality_is_one_notion(left: object, right: object) -> None:
    """==, !=, in and distinct agree, both ways round, so a rule may use any of them."""
    scope, swapped = {"data": {"a": left, "b": right}}, {"data": {"a": right, "b": left}}
    same = EQUAL(scope)

    assert same is EQUAL(swapped)
    assert same is not UNEQUAL(scope)
    assert same is CONTAINED(scope)
    assert (1 if same else 2) == DISTINCT(scope)
    assert EQUAL({"data": {"a": left, "b": left}})


@given(SCALARS, SCALARS)
@settings(max_examples=300, deadline=None)
def test_a_constant_means_the_same_as_a_field(left: object, right: object) -> None:
    """Comparisons with constants run as special code: it must never answer differently."""
    literal = json.dumps(right, ensure_ascii=False).replace("\x7f", "\\u007f")
    for operator in ("==", "!=", "<", "<=", ">", ">="):
        general = f"data.a {operator} data.b"
        scope = {"data": {"a": left, "b": right}}
        expected = outcome(general, scope)
        assert expected == outcome(f"data.a {operator} {literal}", scope)
        assert outcome(f"data.b {operator} data.a", scope) == outcome(
            f"{literal} {operator} data.a", scope
        )
    assert outcome("data.a in [data.b]", scope) == outcome(f"data.a in [{literal}]", scope)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_order_is_total_on_numbers(a: float, b: float, c: float) -> None:
    """Integers and doubles share one order, also where a double cannot name every integer."""
    scope = {"data": {"a": a, "b": b, "c": c}}
    ordered = compile_expression("sort([data.a, data.b, data.c])")(scope)

    assert sorted([a, b, c]) == ordered
    assert (a < b, a > b) == (
        compile_expression("data.a < data.b").holds(scope),
        compile_expression("data.a > data.b").holds(scope),
    )


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_remainder_has_the_sign_of_the_dividend(a: int, b: int) -> None:
    """For all integers: a = truncated(a / b) * b + a % b, exactly."""
    result = outcome("data.a % data.b", {"data": {"a": a, "b": b}})

    if b == 0:
        assert result == "division by zero"
    else:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        assert result == a - quotient * b


@pytest.mark.parametrize("source", SOURCES)
def test_the_generated_sources_can_succeed(source: str) -> None:
    """The control for the property above: its expressions are not ones that always fail."""
    samples: list[dict[str, object]] = [
        {"a": 1, "b": 2, "c": 3},
        {"a": "a", "b": "b", "c": "c"},
        {"a": [1, 2], "b": [1], "c": [5]},
        {"a": {"b": 1}, "b": {"a": "b"}, "c": 1},
        {"a": {"b": 1}, "b": 3},
        {"a": 1, "b": [1]},
        {"a": True, "b": True},
        {"a": [5], "b": 0},
        {"a": {"x": {"x": {"b": 1}}}},
        {"a": [{"a": 2, "b": 1}]},
        {"a": {"b": [1]}},
        {"a": {"k": "v"}, "b": {"x": "k"}},
        {"a": "2026-03-01T08:00:00Z", "b": "1h"},
        {"a": "1", "b": "2", "c": "3"},
        {"a": "true", "b": "abc", "c": "b"},
        {"a": 1, "b": 2, "c": [5]},
    ]
    assert any(not isinstance(outcome(source, {"data": data}), Failed) for data in samples)


class Failed(str):
    """The message of a failure, so that no value equals it by chance."""

    __slots__ = ()


compiled = cache(compile_expression)


def outcome(source: str, scope: Mapping[str, object]) -> object:
    """Return the value, or the reason without the quoted source, which differs by spelling."""
    try:
        return compiled(source)(scope)
    except ExpressionError as error:
        return Failed(error.message.partition(", in `")[0])
