"""Reads ``when``: which events a rule wants. Refuses forms that need a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.messages import MessageCatalog, find_event
from orchestrator.rulefile.parts import NOT_AVAILABLE

if TYPE_CHECKING:
    from orchestrator.rulefile.parts import Part

_STATEFUL_FORMS = frozenset({"all", "at_least", "of", "sequence", "count", "absent", "every"})
_STATEFUL_KEYS = _STATEFUL_FORMS | {"after"}
_ELEMENT_KEYS = frozenset({"event", "if", "as"})


def read_triggers(when: Part, catalog: MessageCatalog) -> tuple[str, ...]:
    """Return the event types, without those that had to be refused."""
    if isinstance(when.value, dict):
        _refuse_mapping(when)
        return ()
    if when.value == []:
        when.refuse("`when` is an empty list: name at least one event type")
    elements = list(when.items()) if isinstance(when.value, list) else [when]
    types: list[str] = []
    for element in elements:
        if isinstance(element.value, dict):
            _refuse_mapping(element)
        elif (name := find_event(element, catalog)) in types:
            element.refuse(f"{quoted(name)} is listed twice: keep one")
        elif name:
            types.append(name)
    return tuple(types)


def _refuse_mapping(part: Part) -> None:
    keys = part.all_entries()
    stateful = [key for key in keys if key in _STATEFUL_KEYS]
    if stateful:
        keys[stateful[0]].refuse_key(f"`{stateful[0]}` belongs to {NOT_AVAILABLE}")
    elif _ELEMENT_KEYS.issuperset(keys) and keys:
        part.refuse(f"a trigger with its own `if` or `as` belongs to {NOT_AVAILABLE}")
    else:
        part.refuse("`when` takes an event type, or a list of them: [A, B]; not a mapping")
