"""Google's CEL as the judge of expressions in which the dialects agree, and every difference."""

from __future__ import annotations

import datetime as dt

import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.expression import compile_expression
from orchestrator.errors import ExpressionError

DATA = {
    "i": 7,
    "j": -3,
    "zero": 0,
    "max": 2**63 - 1,
    "x": 2.5,
    "y": -0.5,
    "s": "Grüße",
    "t": "abc",
    "yes": True,
    "no": False,
    "nothing": None,
    "ints": [3, 1, 2],
    "words": ["abc", "x"],
    "map": {"a": 1, "b": 2},
    "items": [{"n": 1, "s": "x"}, {"n": 2, "s": "abc"}],
}
ENVIRONMENT = cel.NewEnv(variables={"data": cel.Type.DYN})
ERROR = "an error"


def judged(source: str) -> object:
    """Return what CEL makes of an expression."""
    value = ENVIRONMENT.compile(source, disable_check=True).eval(data={"data": DATA})
    return ERROR if value.type() == cel.Type.ERROR else value.plain_value()


def ours(source: str) -> object:
    """Return what we make of it."""
    try:
        return compile_expression(source)({"data": DATA})
    except ExpressionError:
        return ERROR


def leaf(*sources: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sources)


def combined(
    inner: st.SearchStrategy[str], *operators: str, other: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[str]:
    return st.builds(
        "({} {} {})".format, inner, st.sampled_from(operators), inner if other is None else other
    )


INTEGERS = st.recursive(
    leaf("data.i", "data.j", "data.zero", "data.max", "1", "-7", "0", "data.map.a", "data.ints[1]")
    | leaf("size(data.s)", "data.words.size()", "data.items[1].n", "int('12')", "data.missing")
    | leaf("data.ints[5]", "int(2.9)", "size(data.map)"),
    lambda inner: (
        combined(inner, "+", "-", "*", "%")
        | st.builds("-({})".format, inner)
        | st.builds("(data.yes ? {} : {})".format, inner, inner)
    ),
    max_leaves=5,
)
DOUBLES = st.recursive(
    leaf("data.x", "data.y", "1.5", "-2.0", "double(data.i)", "double('1e3')"),
    lambda inner: combined(inner, "+", "-", "*"),
    max_leaves=4,
)
STRINGS = st.recursive(
    leaf("data.s", "data.t", "'abc'", '"ü"', "''", "data.words[0]", "string(data.i)")
    | leaf("data.items[0].s", "string(data.yes)", "string(data.x)", "string(100.0)"),
    lambda inner: combined(inner, "+"),
    max_leaves=3,
)
TIMES = leaf(
    "timestamp('2026-03-01T08:00:00Z')",
    "timestamp('2026-03-01T09:00:00.5+01:00')",
    "(timestamp('2026-03-01T08:00:00Z') + duration('90m'))",
    "(timestamp('2026-03-01T08:00:00Z') - duration('1h30m'))",
)
LENGTHS = leaf("duration('1h')", "duration('-90.5s')", "(duration('1h') + duration('2m'))")
RELATIONS = ("==", "!=", "<", "<=", ">", ">=")
LISTS = leaf("data.ints", "[1, 2, 3]", "[]", "data.ints.filter(v, v > 1)", "data.items.map(v, v.n)")
CONDITIONS = st.one_of(
    combined(INTEGERS, *RELATIONS),
    combined(DOUBLES, *RELATIONS),
    combined(INTEGERS, *RELATIONS, other=DOUBLES),
    combined(STRINGS, *RELATIONS),
    combined(TIMES, *RELATIONS),
    combined(LENGTHS, *RELATIONS),
    combined(LISTS, "==", "!="),
    combined(INTEGERS, "in", other=LISTS),
    combined(STRINGS, "in", other=leaf("data.words", "data.map", "['abc', 'ü']")),
    combined(STRINGS, "==", "!=", other=leaf("data.nothing", "null", "data.i", "data.yes")),
    combined(leaf("data.yes", "data.no", "data.nothing"), "==", "!=", other=INTEGERS),
    st.builds("{}.{}({})".format, STRINGS, leaf("contains", "startsWith", "endsWith"), STRINGS),
    st.builds("matches({}, '{}')".format, STRINGS, leaf("^a", "b+c$", "[[:alpha:]]", r"\\\\d")),
    st.builds("has(data.{})".format, leaf("i", "missing", "map.a", "map.z", "nothing")),
    st.builds(
        "{}.{}(v, v {} 1)".format, LISTS, leaf("all", "exists", "exists_one"), leaf(">", "==")
    ),
)
LOGIC = st.recursive(
    CONDITIONS | leaf("data.yes", "data.no", "data.i", "true"),
    lambda inner: (
        combined(inner, "&&", "||")
        | st.builds("!({})".format, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
    ),
    max_leaves=4,
)


@given(st.one_of(INTEGERS, DOUBLES, STRINGS, TIMES, LENGTHS, LISTS, CONDITIONS))
@settings(max_examples=600, deadline=None)
def test_values_agree(source: str) -> None:
    """Value for value and error for error, wherever no listed difference is involved."""
    expected, found = judged(source), ours(source)

    assert (expected, type(expected)) == (found, type(found)), source


@given(LOGIC)
@settings(max_examples=300, deadline=None)
def test_logic_agrees(source: str) -> None:
    """CEL may forgive an error beside && and || where we go strictly left to right."""
    found = ours(source)

    if found != ERROR:
        assert judged(source) == found, source


@pytest.mark.parametrize(
    ("source", "theirs", "own"),
    [
        ("data.i + data.x", ERROR, 9.5),
        ("1 + 1.5", ERROR, 2.5),
        ("7 / 2", 3, 3.5),
        ("1.0 / 0.0", float("inf"), ERROR),
        ("1e308 * 10.0", float("inf"), ERROR),
        ("7.5 % 2.0", ERROR, 1.5),
        ("data.missing || true", True, ERROR),
        ("data.i || true", True, ERROR),
        ("data.missing && false", False, ERROR),
        ("has(data.missing.deeper)", ERROR, False),
        ("1 < 2 == true", True, ERROR),
        ("data.yes < data.no", False, ERROR),
        ("bool('1')", True, ERROR),
        ("bool('TRUE')", True, ERROR),
        ("string(null)", ERROR, "null"),
        ("string([1])", ERROR, "[1]"),
        ("string(duration('1.5s'))", "1.500s", "1.5s"),
        ("duration('1d')", ERROR, dt.timedelta(days=1)),
        ("duration('PT1H')", ERROR, dt.timedelta(hours=1)),
        ("int(duration('90s'))", ERROR, 90),
        ("timestamp(1.5)", ERROR, dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, dt.UTC)),
        ("{1: 2}", {1: 2}, ERROR),
        ("1u", 1, ERROR),
        ("b'a'", b"a", ERROR),
        ("'''a'''", "a", ERROR),
        ("[null, 9].exists(v, v > 5)", True, ERROR),
    ],
)
def test_difference(source: str, theirs: object, own: object) -> None:
    """Where we differ, we do so on purpose, and the reference says so."""
    assert theirs == judged(source)
    assert own == ours(source)


def test_projection_is_ours_alone() -> None:
    """CEL has no * after a dot, so that form cannot come to mean something else there."""
    with pytest.raises(RuntimeError, match="Syntax error"):
        judged("data.items.*.n")
