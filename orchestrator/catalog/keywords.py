"""The words of JSON Schema 2020-12, and where schemas hold further schemas. Checks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.document import Path

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

FORMATS = frozenset(
    {
        *("date-time", "date", "time", "duration", "email", "idn-email", "hostname"),
        *("idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
        *("uuid", "uri-template", "json-pointer", "relative-json-pointer", "regex"),
    }
)

HOLDS_ONE = frozenset(
    {
        *("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
        *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
HOLDS_MAPPING = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})

KEYWORDS = frozenset(
    {
        *HOLDS_ONE,
        *HOLDS_LIST,
        *HOLDS_MAPPING,
        *("$comment", "$ref", "const", "contentEncoding", "contentMediaType", "default"),
        *("dependentRequired", "deprecated", "description", "enum", "examples"),
        *("exclusiveMaximum", "exclusiveMinimum", "format", "maxContains", "maxItems"),
        *("maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength"),
        *("minProperties", "minimum", "multipleOf", "pattern", "readOnly", "required", "title"),
        *("type", "uniqueItems", "writeOnly"),
        # What AsyncAPI adds, without meaning for validation.
        *("discriminator", "externalDocs"),
    }
)

REFUSED = {
    "$anchor": "refer with a path from the top of the file",
    "$dynamicAnchor": "refer with a path from the top of the file",
    "$dynamicRef": 'use "$ref"',
    "$id": "nothing outside the file may refer to it",
    "$schema": "every payload is JSON Schema 2020-12",
    "$vocabulary": "every payload is JSON Schema 2020-12",
    "definitions": 'move it to "components/schemas"',
    "dependencies": 'use "dependentRequired" or "dependentSchemas"',
    "additionalItems": 'use "prefixItems" and "items"',
    "nullable": "use \"type: [..., 'null']\"",
}
"""Words that other drafts and formats know, and what to do instead."""


def subschemas(schema: object) -> Iterator[Path]:
    """Yield where `schema` directly holds further schemas, as paths below it."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in HOLDS_ONE:
            yield (keyword,)
        elif keyword in HOLDS_LIST and isinstance(value, list):
            yield from ((keyword, index) for index in range(len(value)))
        elif keyword in HOLDS_MAPPING and isinstance(value, dict):
            yield from ((keyword, name) for name in value)
