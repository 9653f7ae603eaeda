"""The catalog at run time: what data is refused and in which words, and who knows which type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.catalog import Catalog, MessageType, built_in_types, read_catalog
from orchestrator.catalog.validators import compile_schema
from orchestrator.core.problem import Position
from orchestrator.errors import SchemaViolation

if TYPE_CHECKING:
    from orchestrator.catalog import Schema

SECRET = "s3cret"  # noqa: S105 (stands for any value that must not be told)


def message(schema: Schema, name: str = "Paid") -> MessageType:
    """Return a message type whose data must satisfy `schema`."""
    return MessageType(
        name=name,
        channel="bills.v1",
        kind="event",
        description="",
        schema=schema,
        examples=(),
        position=Position("f", 1, 1),
        validator=compile_schema(schema),
    )


def violation(schema: Schema, data: object) -> str:
    """Return how `data` is refused, without the type's name."""
    with pytest.raises(SchemaViolation) as caught:
        message(schema).validate(data)
    return str(caught.value).removeprefix("Paid: ")


def field(schema: object) -> Schema:
    """Return a schema with one field."""
    return {"properties": {"field": schema}}


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"type": "number"}, SECRET, "must be of type number"),
        ({"type": ["number", "null"]}, SECRET, "must be of type null, number"),
        ({"const": 5}, SECRET, "must be 5"),
        ({"enum": ["low", 3]}, SECRET, "must be one of low, 3"),
        ({"format": "email"}, SECRET, "is not a valid email"),
        ({"format": "email"}, "Ann <ann@example.org>", "is not a valid email"),
        ({"format": "date-time"}, "2026-13-01T00:00:00Z", "is not a valid date-time"),
        ({"pattern": "^a"}, SECRET, "does not match ^a"),
        ({"minLength": 9}, SECRET, "is shorter than 9 characters"),
        ({"maxLength": 2}, SECRET, "is longer than 2 characters"),
        ({"minimum": 0}, -1, "must be at least 0"),
        ({"maximum": 0}, 1, "must be at most 0"),
        ({"exclusiveMinimum": 0}, 0, "must be greater than 0"),
        ({"exclusiveMaximum": 0}, 0, "must be less than 0"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2"),
        ({"minItems": 1}, [], "has fewer than 1 items"),
        ({"maxItems": 1}, [SECRET, 2], "has more than 1 items"),
        ({"uniqueItems": True}, [SECRET, SECRET], "has an item twice"),
        ({"contains": {"const": 1}}, [SECRET], "contains no item that the schema asks for"),
        ({"unevaluatedItems": False}, [SECRET], "has items that the schema does not know"),
        ({"minProperties": 1}, {}, "has fewer than 1 properties"),
        ({"maxProperties": 0}, {SECRET: 1}, "has more than 0 properties"),
        (
            {"additionalProperties": False},
            {SECRET: 1},
            "has a property that the schema does not know",
        ),
        (
            {"unevaluatedProperties": False},
            {SECRET: 1},
            "has a property that the schema does not know",
        ),
        (
            {"propertyNames": {"pattern": "^a"}},
            {SECRET: 1},
            "has a property with a name that the schema excludes",
        ),
        ({"not": {}}, SECRET, "is what the schema excludes"),
        (False, SECRET, "must not be there"),
        (
            {"anyOf": [{"type": "null"}, {"type": "number", "minimum": 1}]},
            SECRET,
            "fits no alternative: /field must be of type null or /field must be of type number",
        ),
        (
            {"oneOf": [{"type": "string"}, {}]},
            SECRET,
            "fits several alternatives of which only one may fit",
        ),
    ],
)
def test_each_broken_rule_is_named_and_the_data_is_not(
    rule: object, value: object, expected: str
) -> None:
    """Error texts reach logs and dead-letter headers: they say where and what, never the value."""
    found = violation(field(rule), {"field": value})

    assert found == f"/field {expected}"
    assert SECRET not in found


@pytest.mark.parametrize(
    ("schema", "data", "expected"),
    [
        ({"type": "object"}, 5, "the data must be of type object"),
        ({"required": ["a"]}, {}, "/a is required"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "/b is required"),
        (
            {"properties": {"lines": {"items": {"required": ["size"]}}}},
            {"lines": [{"size": 1}, {}]},
            "/lines/1/size is required",
        ),
        ({"properties": {"a/b~": {"type": "null"}}}, {"a/b~": 1}, "/a~1b~0 must be of type null"),
        ({"additionalProperties": {"type": "null"}}, {SECRET: 1}, "/* must be of type null"),
        (
            {"anyOf": [{"required": ["to", "text"]}, {"required": ["complainant"]}]},
            {},
            (
                "the data fits no alternative: (/to is required and /text is required) "
                "or /complainant is required"
            ),
        ),
    ],
)
def test_the_place_is_a_pointer_in_the_words_of_the_schema(
    schema: Schema, data: object, expected: str
) -> None:
    """A pointer finds the field; a name that only the data knows is data, so it is not told."""
    assert violation(schema, data) == expected


def test_all_mistakes_are_told_up_to_five() -> None:
    """Whoever mends the data sees them together, on one readable line."""
    found = violation({"required": list("abcdefg")}, {})

    assert found == (
        "/a is required; /b is required; /c is required; /d is required; /e is required; and 2 more"
    )


@pytest.mark.parametrize("data", [{"a": {1}}, {1: 2}, object()], ids=["set", "key", "object"])
def test_what_is_not_json_is_refused_like_bad_data(data: object) -> None:
    """A template can build such a value: it must end as a refusal, not as a crash."""
    assert violation({"required": ["b"]}, data) == "the data is not JSON"


def test_a_pattern_runs_in_linear_time() -> None:
    """`^(a+)+$` takes a backtracking engine 2^40 steps here: the test's timeout would end it."""
    assert violation({"pattern": "^(a+)+$"}, "a" * 40 + "!") == "the data does not match ^(a+)+$"


def test_nothing_is_fetched_for_a_reference() -> None:
    """A schema must not make the daemon read files or call addresses."""
    for reference in ("http://127.0.0.1:1/x", "file:///etc/hostname"):
        with pytest.raises(ValueError, match="not present"):
            compile_schema({"$ref": reference})


def catalog(*names: str, undocumented: MessageType | None = None) -> Catalog:
    """Return a catalog with message types of these names."""
    return Catalog({name: message({}, name) for name in names}, {}, undocumented)


def test_the_nearest_name_is_suggested_only_if_it_is_near() -> None:
    """A wild guess would mislead more than none."""
    known = catalog("ComplaintFiled", "PermitIssued")

    assert known.nearest("ComplaintField") == "ComplaintFiled"
    assert known.nearest("Xyz") is None
    with_ours = replace(known, built_in=built_in_types())
    assert with_ours.nearest("instance.complete") == "instance.completed"


def test_unknown_events_are_accepted_only_on_an_open_channel() -> None:
    """A rule may want a type that no document names, but only where a document allows that."""
    assert catalog("Paid").event("Unheard") is None

    text = b"""
asyncapi: 3.0.0
info: {title: Bills, version: 1.0.0}
channels:
  bills:
    address: bills.v1
    x-open: true
    messages:
      Paid: {payload: {type: object}}
"""
    opened, _ = read_catalog([("f", text)])

    assert opened is not None
    unheard, paid = opened.event("Unheard"), opened.event("Paid")
    assert unheard is not None
    assert paid is opened.types["Paid"]
    assert (unheard.name, unheard.channel) == ("Unheard", "bills.v1")
    unheard.validate(["anything"])
    assert opened.channels["bills.v1"].accepts_undocumented


def test_the_revision_changes_with_the_meaning_only() -> None:
    """A reload that changes nothing must not look like a new catalog."""
    before = catalog("A", "B")
    described = replace(
        before, types={n: replace(m, description="x") for n, m in before.types.items()}
    )
    changed = replace(before, types={**before.types, "B": message({"type": "null"}, "B")})

    assert before.revision == catalog("B", "A").revision == described.revision
    assert before.revision != changed.revision
    assert len(before.revision) == 12
