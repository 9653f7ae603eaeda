"""``orchestrator rules graph``: the picture of what leads to what. Leaves drawing to others."""

from __future__ import annotations

import difflib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Command, wants_json
from orchestrator.cli.context import load_catalog, read_settings
from orchestrator.errors import InvalidDefinitions, Misconfigured
from orchestrator.rulefile import read_rule_files, read_rules
from orchestrator.rulefile.dot import dot
from orchestrator.rulefile.graph import Graph, draw
from orchestrator.rulefile.mermaid import mermaid

if TYPE_CHECKING:
    from collections.abc import Collection

_FOLDER: Final = click.Path(path_type=Path)
_FORMATS: Final = ("mermaid", "dot", "svg")
_BY_SUFFIX: Final = {
    **dict.fromkeys(("", ".mmd", ".mermaid", ".md", ".txt"), "mermaid"),
    **dict.fromkeys((".dot", ".gv"), "dot"),
    ".svg": "svg",
}
_MESSAGES: Final = frozenset({"event", "command"})


@click.command(
    "graph",
    cls=Command,
    examples=[
        "orchestrator rules graph",
        "orchestrator rules graph --rule large-claim",
        "orchestrator rules graph --type ComplaintFiled --format dot",
        "orchestrator rules graph --output rules.mmd",
    ],
)
@click.argument("path", type=_FOLDER, required=False)
@click.option("--schemas", type=_FOLDER, help="Documents, instead of ORCHESTRATOR_SCHEMAS.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What to write; by the end of FILE if left out, else mermaid. svg needs Graphviz.",
)
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Only this rule; repeatable.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Only what has to do with this message type; repeatable.",
)
@click.option("--output", "file", type=_FOLDER, metavar="FILE", help="Write to FILE.")
def command(  # noqa: PLR0913 - one for each option
    *,
    path: Path | None,
    schemas: Path | None,
    form: str | None,
    rules: tuple[str, ...],
    types: tuple[str, ...],
    file: Path | None,
) -> None:
    """Draw events, rules, commands and services as a picture.

    PATH is a file or a folder of rules, ORCHESTRATOR_RULES if left out. Arrows that take time are
    dashed. Services are those that operations in the schema documents name.
    """
    graph = _load(path, schemas)
    if rules or types:
        _refuse_unknown(rules, {n.name for n in graph.nodes if not _is_message(n.kind)}, "rule")
        _refuse_unknown(types, {n.name for n in graph.nodes if _is_message(n.kind)}, "type")
        graph = graph.around(rules, types)
    if wants_json():
        output.document(_as_json(graph))
        return
    written = _write(graph, form or _form_of(file))
    if file is None:
        click.echo(written, nl=False)
        return
    try:
        file.write_text(written, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"cannot write {file}: {error.strerror}") from error
    output.note(f"{file}: {len(graph.nodes)} nodes, {len(graph.arrows)} arrows")


def _load(path: Path | None, schemas: Path | None) -> Graph:
    settings = read_settings()
    catalog = load_catalog(schemas or settings.schemas)
    rulebook, problems = read_rules(read_rule_files(path or settings.rules), catalog)
    if rulebook is None:
        raise InvalidDefinitions(problems)
    return draw(rulebook, catalog)


def _form_of(file: Path | None) -> str:
    """Return what to write by the end of a file's name. Raise ``Misconfigured`` for another."""
    suffix = file.suffix.lower() if file else ""
    if suffix not in _BY_SUFFIX:
        raise Misconfigured(
            f"{file}: nothing here draws {suffix}: end it in .mmd, .dot or .svg, or say with"
            " --format what to write"
        )
    return _BY_SUFFIX[suffix]


def _is_message(kind: str) -> bool:
    return kind in _MESSAGES


def _refuse_unknown(names: Collection[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise Misconfigured(f"the picture has no {what} {name}{hint}")


def _write(graph: Graph, form: str) -> str:
    if form == "mermaid":
        return mermaid(graph)
    text = dot(graph)
    return text if form == "dot" else _svg(text)


def _svg(text: str) -> str:
    """Let Graphviz draw.

    Raises:
        Misconfigured: it is not installed, or failed.
    """
    program = shutil.which("dot")
    if program is None:
        raise Misconfigured(
            "svg needs Graphviz, which is not installed: install the package graphviz, or use"
            " --format mermaid"
        )
    drawn = subprocess.run(  # noqa: S603 - a fixed program; what it reads is escaped
        [program, "-Tsvg"], input=text, capture_output=True, text=True, check=False
    )
    if drawn.returncode:
        raise Misconfigured(f"Graphviz failed: {' '.join(drawn.stderr.split())}")
    return drawn.stdout


def _as_json(graph: Graph) -> dict[str, object]:
    ids = {node: number for number, node in enumerate(graph.nodes)}
    nodes = [
        {"id": ids[node], "kind": node.kind, "name": node.name, "notes": node.notes}
        for node in graph.nodes
    ]
    arrows = [
        {
            "from": ids[arrow.source],
            "to": ids[arrow.target],
            "note": arrow.note,
            "timed": arrow.timed,
        }
        for arrow in graph.arrows
    ]
    return {"nodes": nodes, "arrows": arrows}
