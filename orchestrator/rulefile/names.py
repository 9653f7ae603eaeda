"""What the expressions of a rule may read, and who reads what is not there. Compiles nothing."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.core.expression import ROOTS
from orchestrator.core.problem import Problem
from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from orchestrator.core.problem import Position
    from orchestrator.rulefile.parts import Part

_ALL = "*"
"""What a projection reads: everything there is."""

EVENTS = "events"
STEPS = "steps"
STEP_FIELDS = frozenset({"output", "status", "error", _ALL})
INSTANCE = "instance"
INSTANCE_FIELDS = frozenset({"key", "id", "workflow", "started_at", "status", "error"})
_ERROR_FIELDS = frozenset({"type", "reason", _ALL})
WORKFLOW_ROOTS = frozenset({"input", STEPS, INSTANCE, "variables", "now"})
"""What expressions in a workflow may begin with."""

_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Readable:
    """What the expressions of one place may read.

    Attributes:
        data: what the schemas of the events say of the name ``data``.
        roots: the names they may begin with.
        events: what there is under ``events``, each with what its schema says of its data; None
            where that cannot be told.
        input: what is known of a workflow's input.
        steps: what there is under ``steps``, each with what is known of its output; None where
            that cannot be told.
        variables: the names under ``variables``; None where that cannot be told.
        output: what is known of the ``output`` of a step, in what takes it back.
        items: what is known of the item at hand, by its name, where there is a ``for_each``.
    """

    data: Shape = ANYTHING
    roots: frozenset[str] = ROOTS
    events: Mapping[str, Shape] | None = None
    input: Shape = ANYTHING
    steps: Mapping[str, Shape] | None = None
    variables: frozenset[str] | None = None
    output: Shape = ANYTHING
    items: Mapping[str, Shape] = field(default_factory=dict)

    def with_item(self, name: str, shape: Shape) -> Readable:
        """Return this and the name of an item, with what is known of it."""
        return replace(self, roots=self.roots | {name}, items={**self.items, name: shape})

    def with_events(self, events: Mapping[str, Shape] | None) -> Readable:
        """Return this and the events a rule remembers."""
        return replace(self, roots=self.roots | {EVENTS}, events=events)


def refuse_unknown_events(
    part: Part, reads: frozenset[tuple[str, ...]], known: Collection[str] | None
) -> None:
    """Refuse every ``events.NAME`` in a text, or in the texts of a template, that is not `known`.

    Args:
        part: where the text stands.
        reads: the paths that its expressions read.
        known: the names there are; None where that cannot be told.
    """
    if known is not None:
        _refuse_unknown(part, EVENTS, events_read(reads), known)


def refuse_unknown_steps(part: Part, reads: frozenset[tuple[str, ...]], readable: Readable) -> None:
    """Refuse what there is not: ``steps.NAME``, ``variables.NAME``, fields of these and `instance`.

    Args:
        part: where the text stands.
        reads: the paths that its expressions read.
        readable: what there is.
    """
    if readable.steps is not None:
        _refuse_unknown(part, STEPS, read_under(STEPS, reads), readable.steps)
        for path in sorted(reads):
            if path[0] == STEPS and len(path) > 2 and path[2] not in STEP_FIELDS:  # noqa: PLR2004 - steps.NAME.FIELD
                message = f"a step has output, status and error, and no {quoted(path[2])}"
                position = place_of(part, path[1], STEPS)
                meant = f": write steps.{path[1]}.output.{path[2]}"
                part.problems.append(Problem(position, message + meant))
    if readable.variables is not None:
        _refuse_unknown(part, "variables", read_under("variables", reads), readable.variables)
    if INSTANCE in readable.roots:
        _refuse_unknown(part, INSTANCE, read_under(INSTANCE, reads), INSTANCE_FIELDS)
        _refuse_error_fields(part, reads)


def _refuse_error_fields(part: Part, reads: frozenset[tuple[str, ...]]) -> None:
    for path in sorted(reads):
        match path:
            case ("instance", "error", name, *_) if name not in {"step", *_ERROR_FIELDS}:
                message = f"the error of an instance has step, type and reason, no {quoted(name)}"
            case ("steps", _, "error", name, *_) if name not in _ERROR_FIELDS:
                message = f"the error of a step has type and reason, and no {quoted(name)}"
            case _:
                continue
        part.problems.append(Problem(place_of(part, path[1], path[0]), message))


def _refuse_unknown(part: Part, root: str, names: frozenset[str], known: Collection[str]) -> None:
    for name in sorted(names.difference(known, {_ALL})):
        meant = difflib.get_close_matches(name, sorted(known), n=1)
        there_is = f"did you mean {meant[0]}?" if meant else f"it has {_listed(known) or 'none'}"
        message = f"`{root}` has no {quoted(name)} here: {there_is}"
        part.problems.append(Problem(place_of(part, name, root), message))


def _listed(known: Collection[str]) -> str:
    names = sorted(known)
    rest = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def events_read(paths: frozenset[tuple[str, ...]]) -> frozenset[str]:
    """Return the names of the events among the paths of expressions."""
    return read_under(EVENTS, paths)


def read_under(root: str, paths: frozenset[tuple[str, ...]]) -> frozenset[str]:
    """Return the names under a root among the paths of expressions."""
    return frozenset(path[1] for path in paths if path[0] == root and len(path) > 1)


def asks_for(part: Part, name: str, root: str = EVENTS) -> bool:
    """Tell whether a text under `part` reads an event, or a step, through ``has`` or ``get``.

    To compare the output of a step with null is to ask for it as well.
    """
    written = _written(name, root)
    asking = re.compile(rf"\b(?:has|get)\s*\(\s*{written}|{written}\.output\s*[!=]=\s*null\b")
    return any(asking.search(str(text.value)) for text in _texts(part))


def place_of(part: Part, name: str, root: str = EVENTS) -> Position:
    """Return where ``events.NAME`` is first written under `part`, or a name under another root."""
    written = re.compile(_written(name, root))
    for text in _texts(part):
        if found := written.search(str(text.value)):
            return text.document.locate(text.path, found.start())
    return part.position


def _written(name: str, root: str = EVENTS) -> str:
    """Return the pattern of ``events.NAME`` and ``events["NAME"]``."""
    return rf"""\b{root}\s*(?:\.\s*|\[\s*["']){re.escape(name)}(?!\w)"""


def _texts(part: Part) -> Iterator[Part]:
    if isinstance(part.value, str):
        yield part
    for child in (*part.items(), *part.all_entries().values()):
        yield from _texts(child)
