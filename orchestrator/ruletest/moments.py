"""Reads points in time and lengths of time in test files. Knows no clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.times import parse_duration, parse_timestamp
from orchestrator.document import quoted

if TYPE_CHECKING:
    from orchestrator.rulefile.parts import Part

_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m"))
_DURATION = "write it as 48h, 1d12h or 90m"
_TIME = 'write it in quotes, as "2026-03-01T08:00:00Z"'


def read_start(part: Part) -> datetime | None:
    """Return the moment an RFC 3339 text names; None where it had to be refused."""
    text = part.text(_TIME)
    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except EvaluationError:
        part.refuse(f"{quoted(text)} is not a point in time: {_TIME}")
        return None


def read_moment(part: Part, start: datetime) -> datetime | None:
    """Return a moment, or one so long after `start`; None where it had to be refused."""
    text = part.text(f"{_DURATION} after the start, or {_TIME}")
    if text is None:
        return None
    try:
        return _later(part, start, parse_duration(text))
    except EvaluationError:
        pass  # no duration: it may be a timestamp
    try:
        return parse_timestamp(text)
    except EvaluationError:
        part.refuse(
            f"{quoted(text)} is neither a length of time nor a point in time: {_DURATION} after "
            f"the start, or {_TIME}"
        )
        return None


def read_length(part: Part, start: datetime) -> timedelta | None:
    """Return a length of time that is more than nothing; None where it had to be refused."""
    text = part.text(_DURATION)
    if text is None:
        return None
    try:
        length = parse_duration(text)
    except EvaluationError:
        part.refuse(f"{quoted(text)} is not a length of time: {_DURATION}")
        return None
    if length <= timedelta(0):
        part.refuse("time only goes forward: write a length of time that is more than nothing")
        return None
    return length if _later(part, start, length) else None


def as_written(length: timedelta) -> str:
    """Return a length of time, not negative, as one writes it in a test: ``1d12h``, ``0s``."""
    written = ""
    for unit, name in _UNITS:
        amount, length = divmod(length, unit)
        written += f"{amount}{name}" if amount else ""
    seconds = length.total_seconds()
    return f"{written}{seconds:g}s" if seconds or not written else written


def _later(part: Part, start: datetime, length: timedelta) -> datetime | None:
    try:
        return start + length
    except OverflowError:
        part.refuse(f"{quoted(str(part.value))} leads beyond the year 9999: shorten it")
        return None
