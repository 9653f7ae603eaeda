"""Reads the events that a ``when`` names, each with its own ``if`` and ``as``. Knows no pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.core.stateful import Element
from orchestrator.document import quoted
from orchestrator.rulefile.formulas import read_condition, read_label
from orchestrator.rulefile.messages import MessageCatalog, find_event
from orchestrator.rulefile.names import Readable
from orchestrator.rulefile.parts import Form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.rulefile.parts import Part

ELEMENT_FORM = Form(
    what="an event",
    keys=("event", "if", "as"),
    elsewhere={},
    synonyms={"type": "event", "when": "event", "where": "if", "condition": "if", "name": "as"},
)
_FORMS = "write its type, or {event: ComplaintFiled, if: ..., as: ...}"


@dataclass(frozen=True, slots=True)
class ReadElement:
    """One event of a ``when``, and where it stands.

    Attributes:
        element: as it was compiled.
        part: where it stands.
        condition: where its ``if`` stands; None if it has none.
        data: what its schema says of its data.
    """

    element: Element
    part: Part
    condition: Part | None
    data: Shape

    @property
    def definition(self) -> object:
        """What a rule's revision is made of: the plain type where it says no more than that."""
        element = self.element
        if self.condition is None and element.name == element.event_type:
            return element.event_type
        condition = self.condition and self.condition.value
        return {"event": element.event_type, "if": condition, "as": element.name}


def _read_element(part: Part, catalog: MessageCatalog) -> ReadElement | None:
    """Return one event, or None where it had to be refused."""
    if not isinstance(part.value, dict):
        event_type = find_event(part, catalog)
        if event_type is None:
            return None
        data = _data(event_type, catalog)
        return ReadElement(Element(event_type, event_type, None), part, None, data)
    entries = part.entries(ELEMENT_FORM)
    if "event" not in entries:
        part.refuse(f"this event has no `event`: {_FORMS}")
        return None
    event_type = find_event(entries["event"], catalog)
    condition, label = entries.get("if"), entries.get("as")
    data = _data(event_type, catalog) if event_type else ANYTHING
    guard = read_condition(condition, Readable(data))
    name = read_label(label) if label else event_type
    if event_type is None:
        return None
    return ReadElement(Element(name or event_type, event_type, guard), part, condition, data)


def _data(event_type: str, catalog: MessageCatalog) -> Shape:
    event = catalog.event(event_type)
    return event.shape if event else ANYTHING


def read_elements(parts: Iterable[Part], catalog: MessageCatalog) -> tuple[ReadElement, ...]:
    """Return the events, without those that had to be refused: no two have one name."""
    found: dict[str, ReadElement] = {}
    greedy: dict[str, str] = {}
    for part in parts:
        read = _read_element(part, catalog)
        if read is None:
            continue
        element = read.element
        if element.name in found:
            part.refuse(_taken(element))
        elif element.event_type in greedy:
            part.refuse(_never_left(element, greedy[element.event_type]))
        else:
            found[element.name] = read
            if read.condition is None:
                greedy[element.event_type] = element.name
    return tuple(found.values())


def _never_left(element: Element, first: str) -> str:
    return (
        f"no event is left for {quoted(element.name)}: every {element.event_type} counts for "
        f"{quoted(first)}, which stands first: give that one an `if`"
    )


def _taken(element: Element) -> str:
    if element.name != element.event_type:
        return f"{quoted(element.name)} already names another event of this rule: change it"
    return (
        f"{quoted(element.name)} is listed twice: keep one, or give this one a name of its own "
        "with `as`"
    )
