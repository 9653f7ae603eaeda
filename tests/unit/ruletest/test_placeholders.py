"""Placeholders: of the same kind, as valid, equal where the texts were equal, and nowhere else."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import SchemaViolation
from orchestrator.ruletest.placeholders import Placeholders, texts_at


class Schema:
    """A schema as the catalog checks it."""

    def __init__(self, **keywords: Any) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(keywords, validate_formats=True)

    def validate(self, data: object) -> None:
        if not self._validator.is_valid(data):
            raise SchemaViolation("no")


ANYTHING = Schema()


def redacted(data: object, schema: Schema = ANYTHING, *keep: tuple[str, ...]) -> Any:
    return Placeholders().redact(data, schema.validate, keep)


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("ada@example.org", {"format": "email"}),
        ("https://example.com/ada", {"format": "uri"}),
        ("123e4567-e89b-12d3-a456-426614174000", {"format": "uuid"}),
        ("1980-05-06", {"format": "date"}),
        ("2026-03-01T09:00:00+02:00", {"format": "date-time"}),
        ("FS-000045", {"pattern": "^FS-[0-9]{6}$"}),
        ("AB 12 cd", {"pattern": "^[A-Z]{2} [0-9]{2} [a-z]{2}$"}),
        ("Ada Keller", {"minLength": 10, "maxLength": 10}),
        ("Al", {"maxLength": 2}),
    ],
)
def test_a_placeholder_is_another_text_that_the_schema_takes(
    text: str, keywords: dict[str, Any]
) -> None:
    """A test that its own schema refuses is no test."""
    schema = Schema(type="string", **keywords)
    schema.validate(text)
    found = redacted(text, schema)
    assert found != text
    schema.validate(found)


def test_a_word_of_an_enum_stays_and_is_said() -> None:
    """There is nothing else it could be; who reads the test should know."""
    placeholders = Placeholders()
    schema = Schema(properties={"kind": {"enum": ["a-kind", "b-kind"]}})
    assert placeholders.redact({"kind": "a-kind"}, schema.validate, ()) == {"kind": "a-kind"}
    assert list(placeholders.kept) == ["kind"]


def test_what_decides_stays_with_everything_inside() -> None:
    """Otherwise the case would go another way."""
    data = {"region": {"name": "north"}, "who": [{"name": "Ada"}]}
    assert redacted(data, ANYTHING, ("region",)) == {
        "region": {"name": "north"},
        "who": [{"name": "text 1"}],
    }


def test_data_that_breaks_its_schema_is_redacted_all_the_same() -> None:
    """A case of a dead letter is a case, too."""
    assert redacted({"name": "Ada"}, Schema(required=["other"])) == {"name": "text 1"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def leaves(value: Any) -> list[Any]:
    match value:
        case dict():
            return [leaf for inner in value.values() for leaf in leaves(inner)]
        case list():
            return [leaf for inner in value for leaf in leaves(inner)]
        case _:
            return [value]


@given(JSON)
def test_equal_texts_stay_equal_and_others_different(data: Any) -> None:
    """Rules that compare two fields, or keep a key, must not notice."""
    before, after = leaves(data), leaves(redacted(data))
    texts = [(a, b) for a, b in zip(before, after, strict=True) if isinstance(a, str) and a]
    assert len({a for a, _ in texts}) == len({b for _, b in texts}) == len(set(texts))
    assert [b for a, b in zip(before, after, strict=True) if not isinstance(a, str) or not a] == [
        a for a in before if not isinstance(a, str) or not a
    ]


def test_what_a_condition_reads_is_known_with_all_that_is_inside() -> None:
    """It must stay wherever else it stands: what belongs together by it would come apart."""
    data = {"units": [{"name": "N1", "building": "north"}], "owner": "Ada"}

    assert list(texts_at(data, [("units",)])) == ["N1", "north"]
    assert list(texts_at(data, [])) == []
