"""What payload schemas say of a value, and where they say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.shapes import ANYTHING, Shape

ADDRESS = {"type": "object", "properties": {"city": {"enum": ["Bonn", "Kiel"]}}}
PERSON: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "home": {"$ref": "#/$defs/Address"}},
    "if": {"properties": {"minor": {"const": True}}},
    "anyOf": [{"properties": {"guardian": {}}}, {"$ref": "#/$defs/Address"}],
    "$defs": {"Address": ADDRESS},
}


def test_fields_of_references_and_branches_are_known() -> None:
    """A field that is named anywhere in the schema must not be doubted."""
    shape = Shape.of([PERSON])

    assert shape.names == {"name", "home", "minor", "guardian", "city"}
    assert shape.required == ["name"]
    home = shape.field("home")
    assert home is not None
    city = home.field("city")
    assert city is not None
    assert city.values == ["Bonn", "Kiel"]
    assert shape.field("nmae") is None


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"$ref": "#/nowhere"},
        {**PERSON, "additionalProperties": True},
        {**PERSON, "patternProperties": {"^x-": {}}},
        {"allOf": [{"$ref": "#"}]},
    ],
)
def test_an_open_schema_says_nothing(schema: Any) -> None:
    """Where any field may be, none is unknown."""
    assert Shape.of([schema]).field("nmae") == ANYTHING
    assert Shape.of([PERSON, schema]).field("nmae") == ANYTHING


def test_several_events_are_known_by_what_any_of_them_has() -> None:
    """A rule may be triggered by one or the other."""
    shape = Shape.of([{"properties": {"n": {"type": "integer"}}}, PERSON])

    kinds = {name: field.kinds for name in ("n", "name") if (field := shape.field(name))}
    assert kinds == {"n": {"number"}, "name": {"string"}}
    assert shape.required == []
    assert shape.field("nmae") is None


def test_one_of_several_shapes_may_be_open() -> None:
    """Then the value may be anything: a doubt about it would be false."""
    known, number = Shape.of([PERSON]), Shape.of([{"properties": {"n": {"type": "integer"}}}])

    assert Shape.any_of([known]) is known
    assert Shape.any_of([known, number]).names == {*known.names, "n"}
    assert Shape.any_of([known, ANYTHING]) == ANYTHING
    assert Shape.any_of([]) == ANYTHING
