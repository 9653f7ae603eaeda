"""Gives every rule its name and sees that no two share one. Knows no action."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

from orchestrator.document import quoted
from orchestrator.rulefile.rules import RULE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.core.problem import Position
    from orchestrator.rulefile.rules import Draft


def name_rules(drafts: Iterable[Draft]) -> list[tuple[str, Draft]]:
    """Pair each rule with its name: its own, or ``<file stem>.<event type>``, numbered from -2.

    Numbers count within a file, switched-off rules included, so that neither another file nor
    switching a rule off renames one. Rules that stay without a name are left out; a problem is
    noted at them.

    Args:
        drafts: of all files, those of one file in its order.
    """
    unnamed: Counter[str] = Counter()
    named: list[tuple[str, Draft]] = []
    for draft in drafts:
        name = draft.name or _default_name(draft, unnamed)
        if name is not None:
            named.append((name, draft))
    _refuse_duplicates(named)
    return named


def _default_name(draft: Draft, unnamed: Counter[str]) -> str | None:
    triggers = draft.content.triggers
    if not triggers:
        return None
    file = draft.part.document.file
    name = f"{PurePath(file).stem}.{triggers[0]}"
    if not RULE_NAME.fullmatch(name):
        draft.part.refuse(
            f"{quoted(name)} cannot name this rule: give it a `name`, or rename the file"
        )
        return None
    unnamed[f"{file}:{name}"] += 1
    number = unnamed[f"{file}:{name}"]
    return name if number == 1 else f"{name}-{number}"


def _refuse_duplicates(named: Sequence[tuple[str, Draft]]) -> None:
    first: dict[str, Position] = {}
    for name, draft in named:
        if name not in first:
            first[name] = draft.name_part.position
            continue
        message = f"rule name {quoted(name)} is already taken at {first[name]}: "
        draft.name_part.refuse(message + ("change it" if draft.name else "give this rule a `name`"))
