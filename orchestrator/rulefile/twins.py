"""Finds rules that are written twice. Knows neither what they wait for nor what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from orchestrator.document import quoted
from orchestrator.rulefile.memories import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.rulefile.content import Content
    from orchestrator.rulefile.rules import Draft

_WAITING = ("when", "events", "within", "by")
"""What a rule that remembers is asked by: its memory is the same where these are."""


def warn_of_twins(named: Iterable[tuple[str, Draft]]) -> None:
    """Warn of a rule that does what one before it does, or remembers what that remembers."""
    alike: dict[object, list[tuple[str, Draft]]] = {}
    for name, draft in named:
        if draft.enabled and draft.content.triggers:
            alike.setdefault(_outline(draft.content), []).append((name, draft))
    for rules in alike.values():
        if len(rules) > 1:
            _compare(rules)


def _outline(content: Content) -> object:
    """Return what is equal for equal rules and quick to tell: most rules differ in it."""
    condition = getattr(content, "texts", {}).get("if")
    return type(content), content.triggers, condition if isinstance(condition, str) else None


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
            key = orjson.dumps([definition[part] for part in _WAITING])
            _warn_of_memory(name, draft, waiting.setdefault(key, name))


def _warn_of_memory(name: str, draft: Draft, first: str) -> None:
    if first != name:
        draft.part.refuse(
            f"this rule remembers the same events by the same key as {quoted(first)}: send "
            "everything from one rule, or everything is remembered twice",
            "warning",
        )
