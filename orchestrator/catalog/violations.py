"""Say in words which schema rules some data breaks. Refuses to repeat the data itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema_rs import ValidationError

_SHOWN = 5
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})

_RULES: Mapping[str, str] = {
    "additionalItems": "has more than {limit} items",
    "additionalProperties": "has a property that the schema does not know",
    "const": "must be {expected_value}",
    "contains": "contains no item that the schema asks for",
    "enum": "must be one of {options}",
    "exclusiveMaximum": "must be less than {limit}",
    "exclusiveMinimum": "must be greater than {limit}",
    "falseSchema": "must not be there",
    "format": "is not a valid {format}",
    "maxItems": "has more than {limit} items",
    "maxLength": "is longer than {limit} characters",
    "maxProperties": "has more than {limit} properties",
    "maximum": "must be at most {limit}",
    "minItems": "has fewer than {limit} items",
    "minLength": "is shorter than {limit} characters",
    "minProperties": "has fewer than {limit} properties",
    "minimum": "must be at least {limit}",
    "multipleOf": "must be a multiple of {multiple_of}",
    "not": "is what the schema excludes",
    "pattern": "does not match {pattern}",
    "propertyNames": "has a property with a name that the schema excludes",
    "required": "is required",
    "type": "must be of type {types}",
    "unevaluatedItems": "has items that the schema does not know",
    "unevaluatedProperties": "has a property that the schema does not know",
    "uniqueItems": "has an item twice",
}


def describe(errors: Iterable[ValidationError]) -> str:
    """Return on one line which rules are broken and where, the first few in full.

    Places are JSON pointers. Values never appear, nor do names that only the data knows.
    """
    told = list(dict.fromkeys(describe_one(error) for error in errors))
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return "; ".join(told[:_SHOWN]) + more


def describe_one(error: ValidationError) -> str:
    """Return where and how one rule is broken, such as ``/amount must be at least 0``."""
    return f"{_place(error)} {describe_rule(error)}"


def describe_rule(error: ValidationError) -> str:
    """Return how one rule is broken, without the place."""
    keyword = _broken_keyword(error)
    if keyword in _ALTERNATIVES:
        return _describe_alternatives(error)
    facts = {name: _shown(value) for name, value in error.kind.as_dict().items()}
    return _RULES.get(keyword, "breaks the rule " + (keyword or "of its schema")).format(**facts)


def _broken_keyword(error: ValidationError) -> str:
    """Return the keyword that is broken: of ``additionalProperties: false``, not the ``false``."""
    closed = error.evaluation_path[-1:] == ["additionalProperties"]
    return "additionalProperties" if closed else error.kind.name


def _describe_alternatives(error: ValidationError) -> str:
    branches: list[list[ValidationError]] = error.kind.as_dict()["context"]
    if not any(branches):
        return "fits several alternatives of which only one may fit"
    return "fits no alternative: " + " or ".join(
        _join_branch([describe_one(broken) for broken in branch]) for branch in branches if branch
    )


def _join_branch(told: list[str]) -> str:
    return f"({' and '.join(told)})" if len(told) > 1 else told[0]


def _place(error: ValidationError) -> str:
    """Return the JSON pointer of the field; a step that the schema does not name is ``*``."""
    named = {step for step in error.evaluation_path if isinstance(step, str)}
    steps = [
        str(step) if isinstance(step, int) or step in named else "*" for step in error.instance_path
    ]
    if error.kind.name == "required":
        steps.append(error.kind.as_dict()["property"])
    return "".join(f"/{_escape(step)}" for step in steps) or "the data"


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _shown(value: object) -> str:
    """Return a part of the schema as text: bare words in lists, JSON otherwise."""
    if isinstance(value, list):
        return ", ".join(item if isinstance(item, str) else _shown(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
