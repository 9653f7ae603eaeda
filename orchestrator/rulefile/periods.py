"""Reads how often a rule ticks, such as ``15m``. Knows no cron expression and no clock."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration
from orchestrator.core.schedule import Periodic
from orchestrator.document import quoted

if TYPE_CHECKING:
    from orchestrator.rulefile.parts import Part

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_UNITS = ((3600, "h"), (60, "m"), (1, "s"))
_CALENDAR = re.compile(r"P?\d+ *(?:w|weeks?|mo|months?|y|years?)", re.IGNORECASE)


def is_length(text: str) -> bool:
    """Tell whether a text is meant as a length of time."""
    return _length(text) is not None or _CALENDAR.fullmatch(text) is not None


def read_period(part: Part, text: str) -> Periodic | None:
    """Return a schedule that ticks every so often; None where it had to be refused.

    Only what divides a day has the same ticks every day: anything else would depend on a beginning
    that nobody has named.
    """
    length = _length(text)
    if length is None or length >= _DAY:
        part.refuse(
            f"{quoted(text)} does not say on which day, or at what time of it: write a cron "
            'expression, such as "0 8 * * *" or "0 8 * * MON"'
        )
    elif length < timedelta(0):
        part.refuse(f"{quoted(text)} lies in the past: write it without the minus")
    elif length < _SECOND or length % _SECOND:
        part.refuse(f"{quoted(text)} is no number of whole seconds: write at least 1s")
    elif _DAY % length:
        part.refuse(f"{quoted(text)} does not divide a day: write {_divisors_near(length)}")
    else:
        return Periodic(length)
    return None


def _length(text: str) -> timedelta | None:
    try:
        return parse_duration(text)
    except EvaluationError:
        return None


def _divisors_near(length: timedelta) -> str:
    """Return what divides a day and is next to `length`, in the same unit: ``6m or 8m``."""
    seconds = length // _SECOND
    unit, name = next((unit, name) for unit, name in _UNITS if seconds >= unit)
    day = _DAY // _SECOND // unit
    amounts = [amount for amount in range(1, day) if day % amount == 0]
    shorter = max(amount for amount in amounts if amount * unit < seconds)
    longer = min((amount for amount in amounts if amount * unit > seconds), default=None)
    return f"{shorter}{name}" + (f" or {longer}{name}" if longer else "")
