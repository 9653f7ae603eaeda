"""Compiles JSON Schemas so that nothing is fetched, nothing hangs and no value is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jsonschema_rs import Draft202012Validator, EmailOptions, RegexOptions, ValidationError

from orchestrator.catalog.keywords import DIALECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Validator

    from orchestrator.catalog.model import Schema

_EMAIL = EmailOptions(allow_display_text=False, allow_domain_literal=False)


def compile_schema(schema: Schema) -> Validator:
    """Return a validator for `schema`.

    Formats are checked, patterns run in linear time, references reach nothing outside `schema`.

    Raises:
        jsonschema_rs.ValidationError: it is not a valid schema.
    """
    return Draft202012Validator(
        schema,
        offline=True,
        validate_formats=True,
        ignore_unknown_formats=False,
        mask="***",
        pattern_options=RegexOptions(),
        email_options=_EMAIL,
    )


_META = Draft202012Validator({"$ref": DIALECT}, offline=True, validate_formats=False)


def schema_errors(schema: object) -> Iterator[ValidationError]:
    """Yield what makes `schema` no JSON Schema 2020-12; patterns are not looked into."""
    return _META.iter_errors(schema)


def is_linear(pattern: str) -> bool:
    """Return whether `pattern` is a regular expression that runs in linear time."""
    try:
        compile_schema({"pattern": pattern})
    except ValidationError:
        return False
    return True
