"""Writes a graph as Mermaid text, which GitHub and many editors show as a picture. Draws none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.rulefile.graph import Graph, Node, NodeKind

_SHAPES: Final[Mapping[NodeKind, tuple[str, str]]] = {
    "event": ("([", "])"),
    "command": ("[/", "/]"),
    "rule": ("[", "]"),
    "memory": ("{{", "}}"),
    "schedule": ("{{", "}}"),
    "workflow": ("[[", "]]"),
    "service": ("[(", ")]"),
}
_COLOURS: Final[Mapping[NodeKind, tuple[str, str]]] = {
    "event": ("#e3f0fc", "#2f6fb0"),
    "command": ("#fdebd5", "#c47518"),
    "rule": ("#f6f6f6", "#666666"),
    "memory": ("#ece6f8", "#6a4fb3"),
    "schedule": ("#ece6f8", "#6a4fb3"),
    "workflow": ("#e2f4ea", "#2f8a57"),
    "service": ("#ffffff", "#333333"),
}
_INK: Final = "#1a1a1a"
_MARKUP: Final = re.compile(r"[^A-Za-z0-9 .,:\-_=/()]|[.\-)](?= |$)")
"""What Mermaid may take for its own, dots and dashes that would begin a list among it.

Written as a number, the one form that Mermaid knows for every character.
"""


def mermaid(graph: Graph) -> str:
    """Return a flow chart; arrows that take time are dashed."""
    return "\n".join([*_lines(graph), ""])


def _lines(graph: Graph) -> Iterator[str]:
    ids = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    yield "flowchart LR"
    for node in graph.nodes:
        yield f"  {ids[node]}{_shape(node)}:::{node.kind}"
    for arrow in graph.arrows:
        line = "-.->" if arrow.timed else "-->"
        note = f'|"{_escaped(arrow.note)}"|' if arrow.note else ""
        yield f"  {ids[arrow.source]} {line}{note} {ids[arrow.target]}"
    for kind in dict.fromkeys(node.kind for node in graph.nodes):
        fill, stroke = _COLOURS[kind]
        yield f"  classDef {kind} fill:{fill},stroke:{stroke},color:{_INK}"


def _shape(node: Node) -> str:
    opening, closing = _SHAPES[node.kind]
    return f'{opening}"{"<br/>".join(map(_escaped, (node.name, *node.notes)))}"{closing}'


def _escaped(text: str) -> str:
    """Return text that ends no label, begins no markup and is read back as it was."""
    return _MARKUP.sub(lambda found: f"#{ord(found[0])};", text)
