"""Finds rules that wait longer than duplicates are recognised. Knows no setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.stateful import StatefulRule
from orchestrator.rulefile.durations import spoken

if TYPE_CHECKING:
    from datetime import timedelta

    from orchestrator.core.definitions import Rulebook


def told_windows(rulebook: Rulebook, recognised: timedelta) -> str | None:
    """Say which rules may count an event anew that comes again; None where there are none.

    While an event is remembered its repetitions are known, however late. Once it was used up only
    the store's memory of reactions knows it; where the window is no longer than that, such a late
    repetition lies outside of it anyway.

    Args:
        rulebook: the rules.
        recognised: how long the store recognises a duplicate.
    """
    longer = [
        (definition.within, definition.name)
        for definition in rulebook.definitions
        if isinstance(definition, StatefulRule) and definition.within is not None
        if definition.within > recognised
    ]
    if not longer:
        return None
    length, name = max(longer)
    count = "1 rule waits" if len(longer) == 1 else f"{len(longer)} rules wait"
    return (
        f"{count} longer than duplicates are recognised ({spoken(recognised)}), {name} the longest"
        f" ({spoken(length)}): an event that was used up and is sent again after that counts anew"
    )
