"""What can be said of a condition before any event has come is never wrong."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.catalog.validators import compile_schema
from orchestrator.core.expression import compile_expression
from orchestrator.core.shapes import Shape
from orchestrator.errors import ExpressionError
from orchestrator.rulefile.known import Known
from orchestrator.rulefile.possible import exactly
from orchestrator.rulefile.truth import State, ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.rulefile.possible import Possible
    from orchestrator.rulefile.truth import Path

Verdict = Literal["never", "always", "depends"]

SCALARS: list[Any] = [None, True, False, 0, 1, 1.0, 1.5, 2, 3, -1, "", "a", "ab", "b"]
VALUES: list[Any] = [*SCALARS, [], ["a"], {}, {"x": 1}, {"x": "a"}, {"x": None, "y": 2}]
ABSENT = object()
EVERYTHING = [
    {name: value for name, value in zip("ab", pair, strict=True) if value is not ABSENT}
    for pair in itertools.product([ABSENT, *VALUES], repeat=2)
]
"""Every pair of values that two fields can have here, to be asked one by one."""


def verdict(schema: Any, source: str, event_type: str = "A") -> Verdict:
    """What is said of a condition about data of a schema."""
    known = Known(event_type, Shape.of([schema]))

    def look(path: Path) -> Possible | None:
        if path[0] == "data":
            return known.at(path[1:])
        return exactly(("string", event_type)) if path == ("event", "type") else None

    found = ways(compile_expression(source).tree, State(look, {}))
    if found.true is None:
        return "never"
    return "always" if found.false is None and not found.fails else "depends"


def outcomes(schema: Any, source: str) -> Iterator[bool | None]:
    """How a condition comes out for everything that the schema accepts; None where it fails."""
    valid = compile_schema(schema).is_valid
    holds = compile_expression(source).holds
    for data in [*EVERYTHING, *VALUES]:
        if valid(data):
            try:
                yield holds({"data": data, "event": {"type": "A"}})
            except ExpressionError:
                yield None


bounds = st.sampled_from([-1, 0, 0.5, 1, 2, 3])
leaves = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(
                st.sampled_from(["null", "boolean", "integer", "number", "string", "array"]),
                st.lists(
                    st.sampled_from(["null", "boolean", "integer", "string", "object"]),
                    min_size=1,
                    unique=True,
                ),
            ),
            "enum": st.lists(st.sampled_from(VALUES), min_size=1, max_size=4),
            "minimum": bounds,
            "maximum": bounds,
            "exclusiveMinimum": bounds,
            "exclusiveMaximum": bounds,
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
        },
    ),
    st.fixed_dictionaries({"const": st.sampled_from(VALUES)}),
    st.booleans(),
)


def objects(fields: st.SearchStrategy[Any], names: str) -> st.SearchStrategy[Any]:
    """Schemas of maps with such fields."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("object"),
            "properties": st.dictionaries(st.sampled_from(names), fields),
            "required": st.lists(st.sampled_from(names), unique=True),
            "additionalProperties": st.booleans(),
        },
    )


def combined(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas alone, and joined in every way that JSON Schema has."""
    several = st.lists(schemas, min_size=1, max_size=3)
    return st.one_of(
        schemas,
        st.builds(lambda one, all_of: {**one, "allOf": all_of} if one is not False else one,
                  schemas.filter(lambda one: isinstance(one, dict)), several),
        st.builds(lambda branches: {"anyOf": branches}, several),
        st.builds(lambda branches: {"oneOf": branches}, several),
        st.builds(lambda excluded: {"not": excluded}, schemas),
        st.builds(lambda one: {"$ref": "#/$defs/One", "$defs": {"One": one}}, schemas),
    )  # fmt: skip


inner = combined(leaves).filter(lambda one: "$ref" not in str(one)) | objects(leaves, "xy")
schemas = combined(objects(inner, "ab")).filter(lambda one: isinstance(one, dict))

paths = st.sampled_from(["data.a", "data.b", "data.a.x", 'data.b["y"]', "data.c"])
words = st.sampled_from(["null", "true", "false", "0", "1", "1.0", "1.5", "3", '""', '"a"', '"b"'])
read = paths | st.builds("get({}, {})".format, paths, words)
operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
clauses = st.one_of(
    st.builds("{} {} {}".format, read, operators, words),
    st.builds("{} {} {}".format, words, operators, read),
    st.builds("has({})".format, paths),
    st.builds("{}".format, read),
    st.builds("{} in [{}, {}]".format, read, words, words),
    st.builds("{} == {}".format, read, read),
    st.builds("size({}) > 0".format, paths),
    st.sampled_from(["true", "false", 'event.type == "A"', 'event.type == "B"']),
)
conditions = st.recursive(
    clauses,
    lambda parts: st.one_of(
        st.builds("({} && {})".format, parts, parts),
        st.builds("({} || {})".format, parts, parts),
        st.builds("!({})".format, parts),
        st.builds("({} ? {} : {})".format, parts, parts, parts),
    ),
    max_leaves=5,
)


def compiles(source: str) -> bool:
    """Whether a condition is one at all."""
    try:
        compile_expression(source)
    except ExpressionError:
        return False
    return True


@given(schemas, conditions.filter(compiles))
def test_what_is_said_is_so_for_everything_the_schema_accepts(schema: Any, source: str) -> None:
    """A warning that is wrong once is not believed the next time."""
    said = verdict(schema, source)
    if said == "depends":
        return
    wrong = {"never": (True,), "always": (False, None)}[said]
    assert not any(outcome in wrong for outcome in outcomes(schema, source)), said


COMPLAINT = {
    "type": "object",
    "required": ["category", "level", "open", "who"],
    "properties": {
        "category": {"enum": ["pay", "safety"]},
        "amount": {"type": "number", "minimum": 0, "exclusiveMaximum": 100},
        "level": {"type": "integer", "minimum": 1, "maximum": 5},
        "open": {"type": "boolean"},
        "kind": {"const": "labour"},
        "name": {"type": ["string", "null"], "minLength": 1},
        "who": {"$ref": "#/$defs/Person"},
    },
    "$defs": {
        "Person": {
            "type": "object",
            "required": ["mail"],
            "properties": {"mail": {"type": "string"}, "age": {"type": "integer"}},
            "additionalProperties": False,
        }
    },
}


@pytest.mark.parametrize(
    "source",
    [
        'data.category == "sfety"',
        'data.category == "pay" && data.category == "safety"',
        'data.category != "pay" && data.category != "safety"',
        'data.category == "pay" && data.level > 2 && data.category != "pay"',
        "data.amount < 0",
        "data.amount >= 100",
        "get(data.amount, 0) > 100",
        "data.amount > 5 && data.amount < 5",
        "data.level > 2 && data.level < 3",
        "data.level == 2.5",
        "data.level in [6, 7]",
        "!has(data.category)",
        "has(data.who.phone)",
        "has(data.amount) && !has(data.amount)",
        'data.kind != "labour"',
        "data.open && !data.open",
        'data.open == "true"',
        'data.name == ""',
        'data.category.code == "x"',
        "data.level == null",
        '(data.open ? data.level == 9 : data.category == "x")',
        'event.type == "B"',
        "data.level > 5 || data.amount < 0 || false",
    ],
)
def test_what_can_never_be_is_seen(source: str) -> None:
    """Types, enums, const, bounds, lengths, fields, and clauses that contradict each other."""
    assert verdict(COMPLAINT, source) == "never"


@pytest.mark.parametrize(
    "source",
    [
        "has(data.category)",
        "has(data.who.mail)",
        "data.level >= 1",
        "data.level != 0",
        'data.category in ["pay", "safety", "other"]',
        'data.category == "pay" || data.category == "safety"',
        "data.open || !data.open",
        "get(data.amount, 0) >= 0",
        'event.type == "A"',
        "!has(data.who.phone)",
    ],
)
def test_what_always_is_is_seen(source: str) -> None:
    """A condition that lets everything through says something else than its author means."""
    assert verdict(COMPLAINT, source) == "always"


@pytest.mark.parametrize(
    "source",
    [
        'data.category == "pay"',
        "data.amount >= 0",  # it may be missing
        "data.amount > 10 || data.level > 2",
        'data.kind == "labour"',
        "has(data.name) && data.name != null",
        "size(data.name) > 0",
        "data.who.mail == data.category",
        "now > timestamp(data.name)",
        "data.who.age > 5 && data.who.age < 7",
        'data.unknown == "x"',
        "data.list.exists(one, one > 3)",
        # Never true; each side of a choice is not followed on its own.
        '(data.category == "pay" || data.open) && !data.open && data.category != "pay"',
    ],
)
def test_what_depends_on_the_data_is_left_alone(source: str) -> None:
    """The control of the two above."""
    assert verdict(COMPLAINT, source) == "depends"
