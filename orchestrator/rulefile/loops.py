"""Finds rules that would trigger themselves for ever. Evaluates no condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.rulefile.rules import Draft


def refuse_loop(draft: Draft) -> None:
    """Refuse a rule that sends, without any condition, what triggers it."""
    if draft.guard is not None or draft.repetition.items is not None or not draft.enabled:
        return
    for read in draft.actions:
        action = read.action
        if action.message.name in draft.triggers and not (action.guard or action.for_each):
            draft.part.refuse(
                f"this rule sends {action.message.name}, which triggers it again without end: give "
                "it an `if`, or send something else"
            )
            return
