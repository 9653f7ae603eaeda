"""Finds rules, and events of a rule, that are written twice. Knows not what they mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from orchestrator.document import quoted
from orchestrator.rulefile.memories import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.rulefile.content import Content
    from orchestrator.rulefile.rules import Draft

_IN_ANY_ORDER = ("all", "at_least")
_USUAL_KEY = "event.correlationid"


def warn_of_twins(named: Iterable[tuple[str, Draft]]) -> None:
    """Warn of a rule that does what one before it does, or remembers what that remembers."""
    alike: dict[object, list[tuple[str, Draft]]] = {}
    for name, draft in named:
        if draft.enabled and draft.content.triggers:
            alike.setdefault(_outline(draft.content), []).append((name, draft))
            if isinstance(draft.content, Memory):
                _warn_of_events(draft.content)
    for rules in alike.values():
        if len(rules) > 1:
            _compare(rules)


def _warn_of_events(content: Memory) -> None:
    """Warn of an event that asks for the same as one before it: an event counts for one only."""
    asked: dict[tuple[str, object], str] = {}
    for read in content.when.elements:
        element, condition = read.element, read.condition
        if condition is None:
            continue
        first = asked.setdefault((element.event_type, condition.value), element.name)
        if first != element.name:
            condition.refuse(
                f"no event is left for {quoted(element.name)}: what meets this counts for "
                f"{quoted(first)}, which stands first and asks for the same",
                "warning",
            )


def _outline(content: Content) -> object:
    """Return what is equal for equal rules and quick to tell: most rules differ in it."""
    condition = getattr(content, "texts", {}).get("if")
    events = frozenset(content.triggers)
    return type(content), events, condition if isinstance(condition, str) else None


def _compare(rules: Iterable[tuple[str, Draft]]) -> None:
    whole: dict[bytes, str] = {}
    waiting: dict[bytes, str] = {}
    for name, draft in rules:
        definition = draft.content.definition
        same = whole.setdefault(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS), name)
        if same != name:
            draft.part.refuse(
                f"this rule does the same as {quoted(same)}, so everything is sent twice: remove "
                "one of them",
                "warning",
            )
        elif isinstance(draft.content, Memory):
            _warn_of_memory(name, draft, waiting.setdefault(_memory(draft.content), name))


def _memory(content: Memory) -> bytes:
    """Return what a rule that remembers is asked by: its memory is the same where this is.

    The order of events tells where one could count for several of them.
    """
    definition, kind = content.definition, content.when.kind
    events = [read.definition for read in content.when.elements]
    if kind in _IN_ANY_ORDER and len(events) == len(content.triggers):
        events.sort(key=orjson.dumps)
    key = definition["by"] if definition["by"] != _USUAL_KEY else None
    form = [kind not in _IN_ANY_ORDER and kind, asdict(content.pattern)]
    return orjson.dumps([form, events, definition["within"], key])


def _warn_of_memory(name: str, draft: Draft, first: str) -> None:
    if first != name:
        draft.part.refuse(
            f"this rule remembers the same events by the same key as {quoted(first)}: send "
            "everything from one rule, or everything is remembered twice",
            "warning",
        )
