"""What payload schemas say of a value: its fields, kinds and words. Knows no rule and no data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orchestrator.core.expression.values import Kind

Schema: TypeAlias = "Mapping[str, object]"

KINDS: Final[Mapping[object, Kind]] = {
    "null": "null",
    "boolean": "bool",
    "integer": "number",
    "number": "number",
    "string": "string",
    "array": "list",
    "object": "map",
}
"""The kind of what a schema calls ``type``."""

_ONE_BRANCH: Final = ("if", "then", "else", "not")
_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_OPEN: Final = ("patternProperties", "dependentSchemas", "unevaluatedProperties", "$dynamicRef")
_MOST_REFERENCES: Final = 20


@dataclass(frozen=True)
class Shape:
    """What is known of a value. It satisfies one of several schemas, one per message type.

    Attributes:
        schemas: each with the document that its references point into; none: nothing is known.
    """

    schemas: tuple[tuple[Schema, Schema], ...] = ()

    @classmethod
    def of(cls, schemas: Iterable[Schema | bool]) -> Shape:
        """Return the shape of the data of messages with these payload schemas."""
        known = list(schemas)
        found = tuple((schema, schema) for schema in known if isinstance(schema, dict) and schema)
        return cls(found) if len(found) == len(known) else ANYTHING

    @classmethod
    def any_of(cls, shapes: Iterable[Shape]) -> Shape:
        """Return the shape of a value that has one of these shapes."""
        known = list(shapes)
        if len(known) == 1:
            return known[0]
        if not all(shape.schemas for shape in known):
            return ANYTHING
        return cls(tuple(schema for shape in known for schema in shape.schemas))

    def field(self, name: str) -> Shape | None:
        """Return the shape of a field, None if no schema knows such a field."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Shape | None:
        if self._fields is None or not all(fields.get(name, True) for fields in self._fields):
            return ANYTHING
        known = zip(self.schemas, self._fields, strict=True)
        found = tuple((root, fields[name]) for (root, _), fields in known if name in fields)
        return Shape(found) if found else None

    @property
    def items(self) -> Shape:
        """The shape of each item of a list."""
        schemas = [(root, resolved(root, schema.get("items"))) for root, schema in self.schemas]
        told = all(schema for _, schema in schemas)
        listed = any("prefixItems" in schema for _, schema in self.schemas)
        return Shape(tuple(schemas)) if told and not listed else ANYTHING

    @property
    def names(self) -> set[str]:
        """The fields that any schema knows."""
        return {name for fields in self._fields or () for name in fields}

    @property
    def required(self) -> list[str]:
        """The fields that are always there."""
        each = [_words(schema.get("required")) for _, schema in self.schemas]
        return [name for name in each[0] if all(name in names for names in each)] if each else []

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that the value can be; none if nothing is known."""
        kinds: set[Kind] = set()
        for _, schema in self.schemas:
            told = schema.get("type")
            types = [told] if isinstance(told, str) else _words(told)
            if not types:
                return frozenset()
            kinds |= {KINDS[name] for name in types if name in KINDS}
        return frozenset(kinds)

    @cached_property
    def values(self) -> list[object]:
        """The only values there can be, without repetition; none if there is no such list."""
        values: list[object] = []
        for _, schema in self.schemas:
            told = [schema["const"]] if "const" in schema else schema.get("enum")
            if not isinstance(told, list):
                return []
            values += [value for value in told if value not in values]
        return values

    @cached_property
    def _found(self) -> dict[str, Shape | None]:
        """The fields that were asked for: a rule asks for the same ones again and again."""
        return {}

    @cached_property
    def _fields(self) -> list[dict[str, Schema]] | None:
        """The fields by schema; None where there may be any others."""
        found = [fields for root, schema in self.schemas if (fields := _fields(root, schema))]
        return found if found and len(found) == len(self.schemas) else None


ANYTHING: Final = Shape()


def _fields(root: Schema, schema: Schema) -> dict[str, Schema] | None:
    """Return the fields that a schema names; None where it may have any others on purpose."""
    found: dict[str, Schema] = {}
    for part in _parts(root, schema):
        if (
            any(key in part for key in _OPEN)
            or part.get("additionalProperties", False) is not False
        ):
            return None
        properties = part.get("properties")
        if isinstance(properties, dict):
            for name, field in properties.items():
                found.setdefault(name, resolved(root, field))
    return found or None


def _parts(root: Schema, schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yield a schema, itself first, and whatever it applies to the same value."""
    yield schema
    if depth == _MOST_REFERENCES:
        return
    branches = [schema[key] for key in _ONE_BRANCH if key in schema]
    for key in _BRANCHES:
        listed = schema.get(key)
        branches += listed if isinstance(listed, list) else []
    for branch in branches:
        yield from _parts(root, resolved(root, branch), depth + 1)


def resolved(root: Schema, schema: object) -> Schema:
    """Follow local references; an empty schema where they lead nowhere or in circles."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, dict):
            return {}
        pointer = schema.get("$ref")
        if not isinstance(pointer, str):
            return schema
        schema = root
        for step in pointer.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            schema = schema.get(name) if isinstance(schema, dict) else None
    return {}


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
