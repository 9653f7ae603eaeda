"""Reads lengths of time, such as ``2d``, and writes them. Knows no clock and no rule."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration
from orchestrator.document import quoted

if TYPE_CHECKING:
    from orchestrator.rulefile.parts import Part

_INSTEAD = "write it as 48h, 1d12h, 90m or PT48H"
_CALENDAR = re.compile(r"-?P[^T]*[YMW].*|.*\d *(?:w|mo|y).*", re.IGNORECASE)
_SHORTEST = timedelta(milliseconds=1)
_LONGEST = timedelta(days=3_650)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def read_duration(part: Part) -> timedelta | None:
    """Return a length of time from 1 ms to ten years; None where it had to be refused."""
    text = part.text(f"a length of time has a unit: {_INSTEAD}")
    if text is None:
        return None
    if _CALENDAR.fullmatch(text):
        part.refuse(f"{quoted(text)} counts in weeks, months or years: write days, such as 30d")
        return None
    try:
        duration = parse_duration(text)
    except EvaluationError:
        part.refuse(f"{quoted(text)} is not a length of time: {_INSTEAD}")
        return None
    return duration if _is_possible(part, text, duration) else None


def _is_possible(part: Part, text: str, duration: timedelta) -> bool:
    if duration < timedelta(0):
        part.refuse(f"{quoted(text)} lies in the past: write it without the minus")
    elif duration < _SHORTEST:
        part.refuse(f"{quoted(text)} is no time at all: write at least 1ms")
    elif duration > _LONGEST:
        part.refuse(f"{quoted(text)} is longer than ten years: write at most 3650d")
    else:
        return True
    return False


def spoken(length: timedelta) -> str:
    """Return a length of time as `read_duration` takes it and people write it: ``1d12h``."""
    left = length // timedelta(milliseconds=1)
    parts = []
    for unit, size in _UNITS:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts)
