"""What the expressions of a rule may read, and who reads what is not there. Compiles nothing."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.core.expression import ROOTS
from orchestrator.core.problem import Problem
from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.document import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from orchestrator.core.problem import Position
    from orchestrator.rulefile.parts import Part

EVENTS = "events"
_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Readable:
    """What the expressions of one place may read.

    Attributes:
        data: what the schemas of the events say of the name ``data``.
        roots: the names they may begin with.
        events: what there is under ``events``, each with what its schema says of its data; None
            where that cannot be told.
    """

    data: Shape = ANYTHING
    roots: frozenset[str] = ROOTS
    events: Mapping[str, Shape] | None = None

    def with_item(self, name: str) -> Readable:
        """Return this and the name of an item."""
        return replace(self, roots=self.roots | {name})

    def with_events(self, events: Mapping[str, Shape] | None) -> Readable:
        """Return this and the events a rule remembers."""
        return replace(self, roots=self.roots | {EVENTS}, events=events)


def refuse_unknown_events(
    part: Part, references: frozenset[tuple[str, ...]], known: Collection[str] | None
) -> None:
    """Refuse every ``events.NAME`` in a text, or in the texts of a template, that is not `known`.

    Args:
        part: where the text stands.
        references: the paths that its expressions read.
        known: the names there are; None where that cannot be told.
    """
    if known is None:
        return
    for name in sorted(events_read(references).difference(known)):
        meant = difflib.get_close_matches(name, sorted(known), n=1)
        there_is = f"did you mean {meant[0]}?" if meant else f"it has {_listed(known)}"
        message = f"`events` has no {quoted(name)} here: {there_is}"
        part.problems.append(Problem(place_of(part, name), message))


def _listed(known: Collection[str]) -> str:
    names = sorted(known)
    rest = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def events_read(references: frozenset[tuple[str, ...]]) -> frozenset[str]:
    """Return the names of the events among the paths that expressions read."""
    return frozenset(path[1] for path in references if path[0] == EVENTS and len(path) > 1)


def asks_for(part: Part, name: str) -> bool:
    """Tell whether a text under `part` reads an event through ``has`` or ``get``."""
    asking = re.compile(r"\b(?:has|get)\s*\(\s*" + _written(name))
    return any(asking.search(str(text.value)) for text in _texts(part))


def place_of(part: Part, name: str) -> Position:
    """Return where ``events.NAME`` is first written under `part`."""
    written = re.compile(_written(name))
    for text in _texts(part):
        if found := written.search(str(text.value)):
            return text.document.locate(text.path, found.start())
    return part.position


def _written(name: str) -> str:
    """Return the pattern of ``events.NAME`` and ``events["NAME"]``."""
    return rf"""\bevents\s*(?:\.\s*|\[\s*["']){re.escape(name)}\b"""


def _texts(part: Part) -> Iterator[Part]:
    if isinstance(part.value, str):
        yield part
    for child in (*part.items(), *part.all_entries().values()):
        yield from _texts(child)
