"""Finds the names of all steps before any is read, so that every expression can be checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orchestrator.core.shapes import ANYTHING, Shape
from orchestrator.core.workflow.ending import LAST_WORDS
from orchestrator.document import quoted
from orchestrator.rulefile.workflows.forms import STEP_FORM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.rulefile.messages import MessageCatalog
    from orchestrator.rulefile.parts import Part

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_NAME_ADVICE = "use up to 50 letters, digits and _, a letter first"
_LIST: Final = Shape.of([{"type": "array"}])
_NOTHING: Final = Shape.of([{"type": "null"}])
_SILENT = frozenset({"send", "wait", "group", "transaction"})
_WORDS = frozenset({"true", "false", "null", "in", *LAST_WORDS})
"""What means something else in expressions, or where a person orders an incident to be retried."""


def outline(steps: Part | None, catalog: MessageCatalog) -> dict[str, Shape]:
    """Return every step's name, members of groups included, and what is known of its output.

    Names that cannot be used, and those that are used twice, are refused here.
    """
    found: dict[str, Part] = {}
    outputs: dict[str, Shape] = {}
    for name, part, work in _named(steps):
        if not _NAME.fullmatch(name):
            part.refuse_key(f"{quoted(name)} cannot name a step: {_NAME_ADVICE}")
        if name in _WORDS:
            part.refuse_key(f"{quoted(name)} cannot name a step, it has a meaning: change it")
        if name in found:
            first = found[name].document.key_position(found[name].path)
            part.refuse_key(
                f"step {quoted(name)} is already at {first}: names are unique in a workflow, its "
                "groups included: change one"
            )
        else:
            found[name], outputs[name] = part, _output(work, catalog)
    return outputs


def _named(steps: Part | None) -> Iterator[tuple[str, Part, Part]]:
    """Yield each step's name, where that stands, and where it says what it awaits."""
    if steps is None:
        return
    for name, part in steps.all_entries().items():
        yield name, part, part
        yield from _named(part.all_entries().get("steps"))
        yield from _inside(name, part.all_entries().get("transaction"))


def _inside(name: str, transaction: Part | None) -> Iterator[tuple[str, Part, Part]]:
    """Yield the steps that a transaction stands for, likewise."""
    if transaction is not None:
        for phase in ("prepare", "commit"):
            yield f"{name}_{phase}", transaction, transaction
            for participant, part in transaction.all_entries().items():
                yield f"{name}_{phase}_{participant}", part, part.all_entries().get(phase, part)


def _output(part: Part, catalog: MessageCatalog) -> Shape:
    """Return what is known of a step's output, while it is neither skipped nor failed."""
    match part.value:
        case {"for_each": _}:
            return _LIST
        case {"approve": asked}:
            return _decision(asked)
        case {"await": awaited}:
            return _answer(awaited, catalog)
        case value if _is_silent(value):
            return _NOTHING
        case _:
            return ANYTHING


def _is_silent(step: object) -> bool:
    """Tell whether a step gives nothing. One with a misspelt key may be meant to give something."""
    if not isinstance(step, dict):
        return isinstance(step, str)
    return step.keys() <= set(STEP_FORM.keys) and not step.keys().isdisjoint(_SILENT)


def _decision(asked: object) -> Shape:
    """Return what an approval gives; a rejection is no output, but a failure."""
    form = asked.get("form") if isinstance(asked, dict) else None
    fields = {
        "decision": {"const": "approved"},
        "by": {"type": "string"},
        "role": {"type": "string"},
        "comment": {"type": ["string", "null"]},
        "data": form if isinstance(form, dict) else {},
    }
    return Shape.of([{"type": "object", "properties": fields}])


def _answer(awaited: object, catalog: MessageCatalog) -> Shape:
    """Return what the answers are by their documents, if all are documented."""
    if isinstance(awaited, dict):
        awaited = awaited.get("event")
    names = awaited if isinstance(awaited, list) else [awaited]
    events = [catalog.event(name) for name in names if isinstance(name, str)]
    if not events or len(events) != len(names):
        return ANYTHING
    return Shape.any_of(event.shape if event else ANYTHING for event in events)
