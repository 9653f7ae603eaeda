"""Holds the kinds of a message's fields against its schema before it is sent. Evaluates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.expression.values import kind_of, with_article
from orchestrator.rulefile.doubts import kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.expression import Template
    from orchestrator.core.expression.syntax import Node
    from orchestrator.core.expression.values import Kind
    from orchestrator.core.shapes import Shape
    from orchestrator.document import Path
    from orchestrator.rulefile.names import Readable
    from orchestrator.rulefile.parts import Part

Trees = dict["Path", list["Node"]]
"""The expressions in the texts of a template, by where the text stands."""

_BRANCHES = frozenset({"allOf", "anyOf", "oneOf", "if", "not"})
_IN_JSON: dict[Kind, Kind] = {"timestamp": "string", "duration": "string"}


def warn_of_kinds(
    data: Part, template: Template, name: str, shape: Shape, readable: Readable
) -> None:
    """Warn of each field whose value can never be of a kind that the schema takes.

    Args:
        data: where the fields stand.
        template: the same, compiled.
        name: of the message.
        shape: what its schema says.
        readable: what the expressions may read.
    """
    trees: Trees = {}
    for path, tree in template.trees:
        trees.setdefault((*data.path, *path), []).append(tree)
    for part, wanted in _fields(data, shape):
        given = _kinds(part, trees.get(part.path, []), readable)
        if given and wanted.kinds and given.isdisjoint(wanted.kinds):
            told = f"this is {_listed(given)}, and {name} takes {_listed(wanted.kinds)} here"
            part.refuse(told, "warning")


def _fields(part: Part, shape: Shape) -> Iterator[tuple[Part, Shape]]:
    """Yield a value and all inside it, each with what the schema says of it."""
    yield part, shape
    if any(not _BRANCHES.isdisjoint(schema) for _, schema in shape.schemas):
        return  # a field may be of one kind in one branch, and of another in the next
    for name, entry in part.all_entries().items():
        found = shape.field(name)
        if found is not None:
            yield from _fields(entry, found)
    for item in part.items():
        yield from _fields(item, shape.items)


def _kinds(part: Part, trees: list[Node], readable: Readable) -> frozenset[Kind]:
    """Return the kinds that a value can be once it is computed; none if that cannot be told."""
    if not isinstance(part.value, str) or not trees:
        return frozenset({kind_of(part.value)})
    text = part.value.strip()
    if len(trees) > 1 or not (text.startswith("${") and text.endswith("}")):
        return frozenset({"string"})
    (tree,) = trees
    whole = part.value[: tree.start].strip() == "${" and part.value[tree.end :].strip() == "}"
    found = kinds_of(tree, readable) if whole else frozenset()
    return frozenset(_IN_JSON.get(kind, kind) for kind in found)


def _listed(kinds: frozenset[Kind]) -> str:
    return " or ".join(with_article(kind) for kind in sorted(kinds))
