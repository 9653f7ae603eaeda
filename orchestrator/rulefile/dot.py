"""Writes a graph in the language of Graphviz. Draws no picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.rulefile.graph import Arrow, Graph, Node, NodeKind

_STYLES: Final[Mapping[NodeKind, tuple[str, str, str]]] = {
    "event": ("box", "rounded,filled", "#e3f0fc"),
    "command": ("cds", "filled", "#fdebd5"),
    "rule": ("box", "filled", "#f6f6f6"),
    "memory": ("box", "filled", "#ece6f8"),
    "schedule": ("octagon", "filled", "#ece6f8"),
    "workflow": ("box3d", "filled", "#e2f4ea"),
    "service": ("component", "filled", "#ffffff"),
}
_INKS: Final[Mapping[NodeKind, str]] = {
    "event": "#2f6fb0",
    "command": "#c47518",
    "rule": "#666666",
    "memory": "#6a4fb3",
    "schedule": "#6a4fb3",
    "workflow": "#2f8a57",
    "service": "#333333",
}
_HEAD: Final = (
    "digraph rules {",
    "  rankdir=LR; nodesep=0.18; ranksep=0.7; pad=0.2; newrank=true; concentrate=false;",
    '  node [fontname="Helvetica,Arial,sans-serif", fontsize=11, margin="0.14,0.07", height=0.3];',
    '  edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, arrowsize=0.7, color="#777777"];',
)


def dot(graph: Graph) -> str:
    """Return a directed graph; arrows that take time are dashed."""
    return "\n".join([*_HEAD, *_lines(graph), "}", ""])


def _lines(graph: Graph) -> Iterator[str]:
    ids = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        shape, style, fill = _STYLES[node.kind]
        ink = _INKS[node.kind]
        yield (
            f'  {ids[node]} [label="{_label(node)}", shape={shape}, style="{style}", '
            f'fillcolor="{fill}", color="{ink}"];'
        )
    for arrow in graph.arrows:
        yield f"  {ids[arrow.source]} -> {ids[arrow.target]}{_attributes(arrow)};"


def _attributes(arrow: Arrow) -> str:
    found = []
    if arrow.note:
        found.append(f'label="{_escaped(arrow.note)}"')
    if arrow.timed:
        found.append('style="dashed"')
    if arrow.source.kind == "service":  # what comes back would pull its services to the left
        found.append('color="#bbbbbb"')
    return f" [{', '.join(found)}]" if found else ""


def _label(node: Node) -> str:
    return r"\n".join(map(_escaped, (node.name, *node.notes)))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
