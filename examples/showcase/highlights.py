"""How far the two things are that take more than one event. Prints nothing, judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from showcase.cast import ESCALATED, ESCALATION_SECONDS, SERIES, SERIES_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from showcase.record import Record


@dataclass(frozen=True, slots=True)
class Highlight:
    """One of them.

    Attributes:
        rule: the rule that waits for it.
        state: how far it is.
        done: whether it has happened.
    """

    rule: str
    state: str
    done: bool = False


def highlights(record: Record, now: datetime) -> Sequence[Highlight]:
    """Return both, as they are at `now`."""
    return (_escalation(record, now), _series(record))


def _escalation(record: Record, now: datetime) -> Highlight:
    rule, key = "nobody-assigned", ESCALATED.key
    passed, taken = record.seconds_until_escalation(key), record.taken_by(key)
    if passed is not None:
        then = f": {taken} has it" if taken else ""
        return Highlight(rule, f"{key} was escalated after {passed:.1f} s{then}", done=True)
    filed = record.first.get((key, ESCALATED.type))
    if filed is None:
        return Highlight(rule, f"a case that nobody takes for {ESCALATION_SECONDS:g} s")
    left = ESCALATION_SECONDS - (now - filed.time).total_seconds()
    return Highlight(rule, f"nobody takes {key}; it is escalated in {max(0.0, left):.1f} s")


def _series(record: Record) -> Highlight:
    rule, employer = "repeat-offender", SERIES[-1].employer
    if (SERIES[-1].key, "RepeatOffenderRecorded") in record.first:
        return Highlight(rule, f"{employer} is on the list of the analysts", done=True)
    count = sum((each.key, each.type) in record.first for each in SERIES)
    within = f"{len(SERIES)} complaints within {SERIES_SECONDS:g} s"
    return Highlight(rule, f"{employer} has {count} of {within}")
