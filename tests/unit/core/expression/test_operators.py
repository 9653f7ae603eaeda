"""What operators, paths and literals give, and what they refuse."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.expression import compile_expression
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

NOW = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
SCOPE = {
    "data": {
        "one": 1,
        "ten": 10,
        "half": 0.5,
        "hundred": 100.0,
        "name": "Ada",
        "yes": True,
        "no": False,
        "nothing": None,
        "zero": 0,
        "max": 2**63 - 1,
        "min": -(2**63),
        "huge": 1e308,
        "list": [1, 2, 3],
        "words": ["b", "a"],
        "first-name": "Ada",
        "map": {"a": 1, "in": 2, "b": {"c": 3}},
        "items": [{"price": 3, "tags": ["x"]}, {"price": 4}, {"tags": []}],
        "mixed": [1, True, "1"],
    },
    "event": {"subject": "C-991", "time": NOW},
    "now": NOW,
}


def evaluate(source: str) -> object:
    return compile_expression(source)(SCOPE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # equality: numbers mix, a bool is no number, kinds never equal each other
        ("data.one == 1.0", True),
        ("data.hundred == 100", True),
        ("data.yes == 1", False),
        ("data.no == 0", False),
        ("data.yes != 1", True),
        ("data.no != 0", True),
        ("data.zero == 0", True),
        ("data.zero == -0.0", True),
        ("1 == data.one", True),
        ("data.one == data.yes", False),
        ("data.one != data.yes", True),
        ('data.one == "1"', False),
        ("data.nothing == null", True),
        ("data.one != null", True),
        ("data.yes == true", True),
        ("data.one == true", False),
        ("null == null", True),
        ("5 == null", False),
        ("[1, true] == [1.0, true]", True),
        ("[1] == [true]", False),
        ('{"a": [1]} == {"a": [1.0]}', True),
        ('{"a": 1} == {"a": true}', False),
        ('{"a": 1} == [1]', False),
        # order
        ("data.ten > 9", True),
        ("9 < data.ten", True),
        ("data.half >= 0.5", True),
        ("data.one <= data.half", False),
        ('data.name < "B"', True),
        ('"B" > data.name', True),
        ("data.name > data.name", False),
        ('now > timestamp("2026-02-28T23:59:59Z")', True),
        ('duration("1h") < duration("61m")', True),
        ("size(data.list) > 2", True),
        # logic
        ("true && false", False),
        ("data.yes && data.one == 1", True),
        ("data.no && data.missing", False),
        ("data.yes || data.missing", True),
        ("!data.no", True),
        ("!(1 > 2) && !false", True),
        ("true || false && false", True),
        ("data.yes ? 1 : data.missing", 1),
        ("data.no ? 1 : data.yes ? 2 : 3", 2),
        # arithmetic
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("7 / 2", 3.5),
        ("6 / 3", 2.0),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("7.5 % 2", 1.5),
        ("-data.one", -1),
        ("--1", 1),
        ("2 - -1", 3),
        ("data.one + data.half", 1.5),
        ("-9223372036854775808", -(2**63)),
        ("0x10", 16),
        ("1.5e2", 150.0),
        (".5", 0.5),
        ('"a" + "b"', "ab"),
        ("[1] + [2]", [1, 2]),
        ('now + duration("1h") - now', dt.timedelta(hours=1)),
        ('duration("1h") + now', NOW + dt.timedelta(hours=1)),
        ('now - duration("1h")', NOW - dt.timedelta(hours=1)),
        ('-duration("1h") + duration("2h")', dt.timedelta(hours=1)),
        # membership
        ("2 in data.list", True),
        ("2.0 in [1, 2]", True),
        ("data.yes in [1, 2]", False),
        ("1 in [true]", False),
        ("true in data.mixed", True),
        ('data.name in ["Ada", "Bob"]', True),
        ('data.one in ["Ada", "Bob"]', False),
        ('data.map in ["Ada"]', False),
        ("data.name in []", False),
        ('"a" in data.map', True),
        ('"z" in data.map', False),
        ("1 in data.map", False),
        # paths
        ('data["first-name"]', "Ada"),
        ("data.map.in", 2),
        ("data.map.b.c", 3),
        ('data.map["b"]["c"]', 3),
        ("data.list[0]", 1),
        ("data.list[2.0]", 3),
        ("data.items[1].price", 4),
        ("data.map[data.words[1]]", 1),
        ("event.subject", "C-991"),
        ('{"a": 5}.a', 5),
        ('{"a": 5}["a"]', 5),
        ("[7, 8][1]", 8),
        # projection: what has no such field is skipped
        ("data.items.*.price", [3, 4]),
        ("data.items.*.tags.*", ["x"]),
        ("data.map.*", [1, 2, {"c": 3}]),
        ("data.map.*.c", [3]),
        ("data.items.*.price.size()", 2),
        ("sum(data.items.*.price)", 7),
        # literals
        (r"'it\'s'", "it's"),
        (r'"\u00e4\n\x41\U0001F600\101"', "ä\nA😀A"),
        (r'r"\d+"', r"\d+"),
        ("[1, 2,]", [1, 2]),
        ('{"a": 1, "b": [true, null],}', {"a": 1, "b": [True, None]}),
        ("{data.name: 1}", {"Ada": 1}),
        ("1 // the rest is a remark", 1),
        ("data.one\n  == 1", True),
    ],
)
def test_value(source: str, expected: object) -> None:
    """Each row pins one sentence of the reference; a changed row changes what rules mean."""
    result = evaluate(source)

    assert (expected, type(expected)) == (result, type(result))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        # no implicit truth
        ("data.name && true", "expected true or false, got a string, in `data.name`"),
        ("true && data.one", "expected true or false, got a number, in `data.one`"),
        ("data.nothing || true", "expected true or false, got null, in `data.nothing`"),
        ("!data.zero", "expected true or false, got a number"),
        ("data.list ? 1 : 2", "expected true or false, got a list"),
        # strictly left to right
        ("data.missing && false", "data.missing is missing"),
        ("data.missing || true", "data.missing is missing"),
        # order only within a kind that has one
        ("data.name > 5", "cannot compare a string with a number, in `data.name > 5`"),
        ("5 > data.name", "cannot compare a number with a string"),
        ("data.yes > 0", "cannot compare a bool with a number"),
        ("data.no <= 1", "cannot compare a bool with a number"),
        ("data.nothing < 1", "cannot compare null with a number"),
        ('data.one < "a"', "cannot compare a number with a string"),
        ("data.yes < data.no", "cannot compare a bool with a bool"),
        ("data.list < data.list", "cannot compare a list with a list"),
        ('now > "2026-01-01"', "cannot compare a timestamp with a string"),
        # arithmetic
        ("data.yes + 1", "cannot add a bool and a number"),
        ("data.name + data.one", "cannot add a string and a number: write string(...)"),
        ("now + now", "cannot add a timestamp and a timestamp"),
        ("data.name - 1", "cannot subtract a number from a string"),
        ("data.name * 2", "cannot multiply a string by a number"),
        ('1 / "2"', "cannot divide a number by a string"),
        ("data.name % 2", "cannot divide a string by a number"),
        ("-data.name", "cannot negate a string"),
        ("1 / data.zero", "division by zero"),
        ("1.0 / 0.0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("data.max + 1", "the result does not fit in a 64-bit integer"),
        ("data.min - 1", "the result does not fit in a 64-bit integer"),
        ("-data.min", "the result does not fit in a 64-bit integer"),
        ("data.max * 2", "the result does not fit in a 64-bit integer"),
        ("data.huge * 10", "the result is too large for a number"),
        ('now + duration("9999999d")', "the result lies outside the years 1 to 9999"),
        # paths
        (
            "data.missing",
            "data.missing is missing: ask has(...) first, or write get(..., default)",
        ),
        ("data.map.b.d.e", "data.map.b.d is missing"),
        ("data.name.first", "a string has no field first, in `data.name.first`"),
        ("data.nothing.x", "null has no field x"),
        ("data.list.length", "a list has no field length: write size(...)"),
        ("data.items[2].price", "data.items[2].price is missing"),
        ("data.list[3]", "the list has no item at this index"),
        ("data.list[-1]", "the list has no item at this index"),
        ("data.list[0.5]", "a list is indexed by whole numbers, not by a number"),
        ("data.list[data.yes]", "a list is indexed by whole numbers, not by a bool"),
        ("data.map[1]", "a map is indexed by strings, not by a number"),
        ("data.name[0]", "a string has no items"),
        ("data.name.*.x", "* goes over lists and maps, not over a string"),
        ('"a" in data.name', "write contains(text, part)"),
        ("1 in data.one", "in looks into lists and maps, not into a number"),
        ("{data.one: 1}", "the keys of a map are strings, not a number"),
        ("{data.name: 1, data.name: 2}", "a key of the map comes twice"),
    ],
)
def test_refused(source: str, message: str) -> None:
    """What has no value says why, by kinds and paths, and never shows the data."""
    with pytest.raises(ExpressionError) as error:
        evaluate(source)

    assert message in str(error.value)
    assert "Ada" not in str(error.value)


def test_only_the_roots_that_are_reached_are_looked_up() -> None:
    """The scope may build an expensive root on demand: a guard that fails first never pays."""

    class Lazy(dict[str, object]):
        def __missing__(self, key: str) -> object:
            raise AssertionError(f"{key} was looked up")

    guard = compile_expression('data.kind == "a" && event.subject == "b"')

    assert guard.holds(Lazy(data={"kind": "other"})) is False


def test_a_root_the_scope_lacks_is_named() -> None:
    """A scope without a declared root is an error with a name, not a KeyError."""
    with pytest.raises(ExpressionError, match="event is missing"):
        compile_expression("event.subject")({"data": {}})


def test_a_defect_in_the_scope_is_not_blamed_on_the_expression() -> None:
    """An error from inside a scope that builds its roots is a bug and must surface as it is."""

    class Broken(dict[str, object]):
        def __missing__(self, key: str) -> object:
            return dict[str, object]()["defect"]

    with pytest.raises(KeyError, match="defect"):
        compile_expression("event.subject")(Broken())


@pytest.mark.parametrize(
    ("source", "expected"), [("data.yes", True), ("data.no", False), ("data.one == 1", True)]
)
def test_holds(source: str, *, expected: bool) -> None:
    """A condition is a bool, whether or not that is known before it runs."""
    assert compile_expression(source).holds(SCOPE) is expected


@pytest.mark.parametrize("source", ["data.one", "data.name", "data.nothing", "data.list", "1 + 1"])
def test_holds_refuses_what_is_no_bool(source: str) -> None:
    """Nothing but true is true: a forgotten comparison must not fire a rule."""
    with pytest.raises(ExpressionError, match=r"expected true or false, got .*, in `"):
        compile_expression(source).holds(SCOPE)


@pytest.mark.parametrize(
    ("source", "roots", "references"),
    [
        ("data.a.b == 1 && data.a.c == 2", {"data"}, {("data", "a", "b"), ("data", "a", "c")}),
        ("data.items[0].price", {"data"}, {("data", "items")}),
        ("has(data.a.b)", {"data"}, {("data",)}),
        ("data.xs.all(x, x.y == event.id)", {"data", "event"}, {("data", "xs"), ("event", "id")}),
        ("1 + 1", set(), set()),
    ],
)
def test_what_an_expression_reads(
    source: str, roots: AbstractSet[str], references: AbstractSet[tuple[str, ...]]
) -> None:
    """The rule loader checks these against the schemas: paths that must exist, and no others."""
    expression = compile_expression(source)

    assert (roots, references) == (expression.roots, expression.references)


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("has(data.a.b)", {("data", "a", "b")}),
        ("get(data['a'].b, data.c)", {("data", "a", "b"), ("data", "c")}),
        ("get(data[event.id].b, 0)", {("data",), ("event", "id")}),
        ("data.a.*.b.* + [data.a.b]", {("data", "a", "*", "b", "*"), ("data", "a", "b")}),
        ("data.a.b == values(data)[0]", {("data", "a", "b"), ("data",)}),
        ("data.xs.map(x, get(x.a, 0))", {("data", "xs")}),
    ],
)
def test_what_an_expression_asks_for(source: str, reads: AbstractSet[tuple[str, ...]]) -> None:
    """What need not be there must still have a name that there is; a whole is more than a part."""
    assert reads == compile_expression(source).reads


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 < 2", "bool"),
        ("size(data)", "number"),
        ("data.x", None),
        ('"a"', "string"),
        ("[1]", "list"),
    ],
)
def test_kind_known_before_it_runs(source: str, kind: str | None) -> None:
    """The rule loader refuses a condition that can never be a bool."""
    assert kind == compile_expression(source).kind
