"""What each function gives and refuses, called on its own and as a method."""

from __future__ import annotations

import datetime as dt

import pytest

from orchestrator.core.expression import compile_expression
from orchestrator.core.expression.calls import MACROS
from orchestrator.core.expression.functions import FUNCTIONS
from orchestrator.errors import ExpressionError

DATA = {
    "text": " Grüße ",
    "one": 1,
    "yes": True,
    "nothing": None,
    "list": [3, 1, 2],
    "empty": [],
    "map": {"b": 1, "a": 2},
    "items": [{"n": 1, "s": "x"}, {"n": 2}],
}
VALUES = [
    ("size(data.text)", 7),
    ("data.list.size()", 3),
    ("size(data.map)", 2),
    ('contains(data.text, "rü")', True),
    ('data.text.contains("x")', False),
    ('"abc".startsWith("ab")', True),
    ('endsWith("abc", "bc")', True),
    ('matches("C-991", "^[A-Z]-[0-9]+$")', True),
    ('"say C-991".matches(r"C-\\d")', True),
    ('matches("abc", "" + "^b")', False),
    ("lower(data.text)", " grüße "),
    ('"straße".upper()', "STRASSE"),
    ("trim(data.text)", "Grüße"),
    ('split("a,b,,c", ",")', ["a", "b", "", "c"]),
    ('"ab".split("")', ["a", "b"]),
    ('join(["a", "b"], "-")', "a-b"),
    ('["a", "b"].join()', "ab"),
    ("join(data.empty)", ""),
    ("string(1)", "1"),
    ("string(1.0)", "1"),
    ("string(1.5)", "1.5"),
    ("string(1e21)", "1e+21"),
    ("string(true)", "true"),
    ("string(data.nothing)", "null"),
    ('string("x")', "x"),
    ('string([1.5, "ä", {"k": null}])', '[1.5,"ä",{"k":null}]'),
    ('string(timestamp("2026-03-01T09:00:00.5+01:00"))', "2026-03-01T08:00:00.500Z"),
    ('string(duration("-1.5s"))', "-1.5s"),
    ('int("-12")', -12),
    ("int(3.9)", 3),
    ("int(-3.9)", -3),
    ('int(timestamp("1970-01-01T00:01:00.9Z"))', 60),
    ('int(duration("-1.5s"))', -1),
    ('double("1e3")', 1000.0),
    ("double(1)", 1.0),
    ('double(duration("1.5s"))', 1.5),
    ('double(timestamp("1970-01-01T00:00:00.5Z"))', 0.5),
    ('bool("true")', True),
    ('bool("false")', False),
    ("bool(data.yes)", True),
    ('timestamp("2026-03-01T08:00:00Z")', dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)),
    ("timestamp(60)", dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC)),
    ('timestamp(timestamp("2026-03-01T08:00:00Z")) == timestamp("2026-03-01T08:00:00z")', True),
    ('duration("1d12h")', dt.timedelta(hours=36)),
    ('duration("90m")', dt.timedelta(minutes=90)),
    ('duration("1.5h")', dt.timedelta(minutes=90)),
    ('duration("1500ms")', dt.timedelta(seconds=1.5)),
    ('duration("2000ns")', dt.timedelta(microseconds=2)),
    ('duration("PT48H")', dt.timedelta(hours=48)),
    ('duration("P1DT30M")', dt.timedelta(hours=24, minutes=30)),
    ('duration("-10s")', dt.timedelta(seconds=-10)),
    ('duration(duration("1s")) == duration("1000ms")', True),
    ("min(data.list)", 1),
    ("min(2, 1.5, 3)", 1.5),
    ('min("b", "a")', "a"),
    ("max(data.list)", 3),
    ("max(1, 2)", 2),
    ("sum(data.list)", 6),
    ("sum([1, 0.5])", 1.5),
    ("sum(data.empty)", 0),
    ("avg(data.list)", 2.0),
    ("range(3)", [0, 1, 2]),
    ("range(1, 3.0)", [1, 2]),
    ("range(3, 1)", []),
    ('distinct([1, 1.0, true, "1", [1], [1.0]])', [1, True, "1", [1]]),
    ("sort(data.list)", [1, 2, 3]),
    ('["b", "a"].sort()', ["a", "b"]),
    ("sort([])", []),
    ("keys(data.map)", ["b", "a"]),
    ("values(data.map)", [1, 2]),
    ("has(data.map.a)", True),
    ("has(data.nothing)", True),
    ("has(data.map.z)", False),
    ("has(data.z.y.x)", False),
    ("has(data.one.x)", False),
    ("has(data.items[1].s)", False),
    ("has(data.items[5].s)", False),
    ('has(data.map[lower("A")])', True),
    ("get(data.map.a, 0)", 2),
    ("get(data.map.z, 0)", 0),
    ("get(data.z.y, data.one)", 1),
    ("get(data.nothing, 5)", None),
    ("get(data.one, data.missing)", 1),
    ('get(data.items[0].s, "-")', "x"),
    ("data.list.all(x, x > 0)", True),
    ("data.empty.all(x, x > 0)", True),
    ("data.list.all(x, x < 3)", False),
    ("data.list.exists(x, x == 2)", True),
    ("data.empty.exists(x, x == 2)", False),
    ("data.list.exists_one(x, x > 1)", False),
    ("data.list.exists_one(x, x > 2)", True),
    ("data.list.filter(x, x > 1)", [3, 2]),
    ("data.items.filter(i, has(i.s)).map(i, i.n)", [1]),
    ("data.list.map(x, x * 2)", [6, 2, 4]),
    ("data.list.map(x, x > 1, x * 2)", [6, 4]),
    ('data.map.map(k, k + "!")', ["b!", "a!"]),
    ("data.list.map(x, data.list.filter(y, y > x).size())", [0, 2, 1]),
    ("data.list.exists(x, data.list.all(y, y <= x))", True),
]
REFUSED = [
    ("size(data.one)", "a number has no size"),
    ("contains(data.list, 1)", "write item in list"),
    ('startsWith(data.one, "a")', "expected a string, got a number"),
    ('matches("a", data.one)', "expected a pattern in a string, got a number"),
    ('matches("a", "(" + "")', "not a regular expression (RE2): missing )"),
    ("lower(data.nothing)", "expected a string, got null"),
    ("join([1])", "expected a string, got a number"),
    ('int("1.5")', "the string is no whole number"),
    ('int("9223372036854775808")', "does not fit in a 64-bit integer"),
    ("int(1e30)", "does not fit in a 64-bit integer"),
    ("int(data.yes)", "cannot make a whole number of a bool"),
    ('double("nan")', "the string is no number"),
    ('double("1e999")', "the result is too large for a number"),
    ("double(data.yes)", "cannot make a number of a bool"),
    ("bool(1)", "cannot make a truth value of a number"),
    ('bool("yes")', 'only the strings "true" and "false" are truth values'),
    ("timestamp(data.text)", "not a timestamp: write it as 2026-03-01T08:00:00Z"),
    ("timestamp(data.yes)", "cannot make a timestamp of a bool"),
    ("timestamp(1e18)", "outside the years 1 to 9999"),
    ("duration(data.text)", "not a duration: write it as 48h"),
    ("duration(data.one)", 'cannot make a duration of a number: write duration("48h")'),
    ("min(data.empty)", "an empty list has no smallest or largest"),
    ('max(1, "a")', "cannot compare a number with a string"),
    ("min([true])", "cannot compare a bool with a bool"),
    ("sum([true])", "expected a list of numbers, found a bool in it"),
    ("sum([9223372036854775807, 1])", "does not fit in a 64-bit integer"),
    ("avg(data.empty)", "an empty list has no average"),
    ("range(1.5)", "expected a whole number, got a number"),
    ("distinct(data.one)", "expected a list, got a number"),
    ('sort([1, "a"])', "cannot compare a number with a string"),
    ("keys(data.list)", "expected a map, got a list"),
    ("data.list.all(x, x)", "expected true or false, got a number, in `x`"),
    ("data.items.all(i, i.s != null)", "i.s is missing"),
    ("data.text.all(x, true)", "expected a list or a map to go over, got a string"),
]


def evaluate(source: str) -> object:
    return compile_expression(source)({"data": DATA})


@pytest.mark.parametrize(("source", "expected"), VALUES)
def test_value(source: str, expected: object) -> None:
    """Each row pins one sentence of the reference; a changed row changes what rules mean."""
    result = evaluate(source)

    assert (expected, type(expected)) == (result, type(result))


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_refused(source: str, message: str) -> None:
    """A function that has no answer says what it expected, by kinds, without the data."""
    with pytest.raises(ExpressionError) as error:
        evaluate(source)

    assert message in str(error.value)
    assert "Grüße" not in str(error.value)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *MACROS, "has", "get"}))
def test_every_function_has_a_row(name: str) -> None:
    """A function that is added without an example is a function nobody pinned."""
    assert any(f"{name}(" in source for source, _ in VALUES)


def test_macros_stop_at_the_item_that_decides() -> None:
    """Left to right and no further: a later item that cannot be judged does no harm."""
    assert evaluate("[1, null].exists(x, x > 0)") is True
    with pytest.raises(ExpressionError, match="cannot compare null"):
        evaluate("[null, 1].exists(x, x > 0)")
