"""Reads ``by``: what tells the cases of a rule apart. Computes no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.shapes import ANYTHING
from orchestrator.document import quoted
from orchestrator.rulefile.formulas import read_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.expression import Expression
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.triggers import When


@dataclass(frozen=True, slots=True)
class ReadKeys:
    """The key of every event type.

    Attributes:
        expressions: event type -> its key, without those that had to be refused.
        definition: as it is written.
    """

    expressions: Mapping[str, Expression]
    definition: object


def read_keys(by: Part, when: When) -> ReadKeys:
    """Return one key for all events, or each event's own."""
    if isinstance(by.value, dict):
        shapes = {read.element.event_type: read.data for read in when.elements}
        keys = {
            event_type: read_key(part, shapes.get(event_type, ANYTHING))
            for event_type, part in by.all_entries().items()
        }
        if when.whole:
            _check_types(by, when)
    else:
        keys = dict.fromkeys(when.types, read_key(by, when.data))
    known = {event_type: key for event_type, key in keys.items() if key is not None}
    return ReadKeys(known, by.value)


def _check_types(by: Part, when: When) -> None:
    entries = by.all_entries()
    for event_type in entries.keys() - set(when.types):
        entries[event_type].refuse_key(
            f"{quoted(event_type)} is none of the events of this rule: remove it"
        )
    for event_type in when.types:
        if event_type not in entries:
            by.refuse(f"`by` has no key for {quoted(event_type)}: add `{event_type}: <expression>`")
