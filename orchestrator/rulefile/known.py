"""What payload schemas leave possible for the values of an event. Knows no condition.

Every keyword of JSON Schema only narrows down what is valid. So what is not read here makes the
answer less sharp, and never wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.expression.values import kind_of
from orchestrator.core.shapes import KINDS, resolved
from orchestrator.rulefile.possible import ANYTHING, EXACT, MISSING, Possible, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.shapes import Shape

_DEEPEST: Final = 8
_CLOSED: Final = "additionalProperties"

Parts = tuple[tuple[object, object], ...]
"""Schemas that one value must satisfy, all of them, each with the document it refers into."""


class Known:
    """What can be said of the data of one type of event.

    Attributes:
        event_type: the type.
    """

    def __init__(self, event_type: str, shape: Shape) -> None:
        self.event_type = event_type
        self._parts: dict[tuple[str, ...], Parts] = {(): shape.schemas}
        self._possible: dict[tuple[str, ...], Possible] = {}

    def at(self, path: tuple[str, ...]) -> Possible:
        """Return what there can be at a path of fields below ``data``."""
        found = self._possible.get(path)
        if found is None:
            found = self._possible[path] = self._at(path)
        return found

    def _at(self, path: tuple[str, ...]) -> Possible:
        found = _possible(self._schemas(path))
        if not path:
            return found.present
        outer, name = self.at(path[:-1]), path[-1]
        if outer.kinds.isdisjoint({"map"}):
            return MISSING
        schemas = [schema for _, schema in self._schemas(path[:-1])]
        if any(_forbids(schema, name) for schema in schemas):
            return MISSING
        certain = outer.kinds == {"map"} and not outer.absent
        if certain and any(name in _listed(schema, "required") for schema in schemas):
            return found.present
        return found

    def _schemas(self, path: tuple[str, ...]) -> Parts:
        found = self._parts.get(path)
        if found is None:
            outer = self._schemas(path[:-1])
            fields = ((root, _mapping(schema, "properties")) for root, schema in outer)
            inner = [(root, of[path[-1]]) for root, of in fields if path[-1] in of]
            found = self._parts[path] = tuple(
                (root, part) for root, schema in inner for part in _applied(root, schema)
            )
        elif not path:
            found = tuple((root, part) for root, schema in found for part in _applied(root, schema))
        return found


def _applied(root: object, schema: object, depth: int = 0) -> Iterator[object]:
    """Yield a schema, and those that it applies to the same value whatever the value is."""
    yield schema
    if not isinstance(schema, dict) or depth == _DEEPEST:
        return
    if "$ref" in schema and isinstance(root, dict):
        yield from _applied(root, resolved(root, {"$ref": schema["$ref"]}), depth + 1)
    for part in _listed(schema, "allOf"):
        yield from _applied(root, part, depth + 1)


def _possible(schemas: Parts, depth: int = 0) -> Possible:
    """Return what satisfies all of the schemas, or is not there."""
    found = ANYTHING
    for root, schema in schemas:
        found = found.and_(_narrowed(schema))
        for keyword in ("anyOf", "oneOf"):
            branches = _listed(schema, keyword)
            if branches and depth < _DEEPEST:
                found = found.and_(_one_of(root, branches, depth + 1))
    return found


def _one_of(root: object, branches: list[object], depth: int) -> Possible:
    found = MISSING
    for branch in branches:
        found = found.or_(_possible(tuple((root, part) for part in _applied(root, branch)), depth))
    return found


def _narrowed(schema: object) -> Possible:
    """Return what one schema alone leaves possible, by the keywords that are read here."""
    if schema is False:
        return MISSING
    if not isinstance(schema, dict):
        return ANYTHING
    found = _typed(schema)
    values = [schema["const"]] if "const" in schema else _listed(schema, "enum")
    if values:
        found = found.and_(_enumerated(values))
    for keyword, order in (("minimum", ">="), ("exclusiveMinimum", ">")):
        bound = _number(schema, keyword)
        if bound is not None:
            found = found.and_(Possible(low=bound, above=order == ">"))
    for keyword, order in (("maximum", "<="), ("exclusiveMaximum", "<")):
        bound = _number(schema, keyword)
        if bound is not None:
            found = found.and_(Possible(high=bound, below=order == "<"))
    return found


def _typed(schema: Mapping[str, object]) -> Possible:
    told = schema.get("type")
    types = [told] if isinstance(told, str) else _listed(schema, "type")
    shortest, longest = _number(schema, "minLength"), _number(schema, "maxLength")
    return Possible(
        kinds=frozenset(KINDS[name] for name in types) if types else ANYTHING.kinds,
        whole="integer" in types and "number" not in types,
        shortest=int(shortest) if shortest is not None else ANYTHING.shortest,
        longest=longest if longest is not None else ANYTHING.longest,
    )


def _enumerated(values: list[object]) -> Possible:
    words = [word(value) for value in values]
    if None in words:  # a list, a map, or a number that is too large
        return Possible(kinds=frozenset(kind_of(value) for value in values))
    known = frozenset(one for one in words if one is not None)
    return Possible(kinds=frozenset(kind for kind, _ in known), words=known)


def _forbids(schema: object, name: str) -> bool:
    """Tell whether a schema accepts only fields that it names, and not this one."""
    if not isinstance(schema, dict) or schema.get(_CLOSED) is not False:
        return False
    return "patternProperties" not in schema and name not in _mapping(schema, "properties")


def _mapping(schema: object, keyword: str) -> Mapping[str, object]:
    value = schema.get(keyword) if isinstance(schema, dict) else None
    return value if isinstance(value, dict) else {}


def _listed(schema: object, keyword: str) -> list[object]:
    value = schema.get(keyword) if isinstance(schema, dict) else None
    return value if isinstance(value, list) else []


def _number(schema: Mapping[str, object], keyword: str) -> float | None:
    """Return a bound; None where there is none, or so large that comparing is not exact."""
    value = schema.get(keyword)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > EXACT:
        return None
    return value
