"""Timestamps and durations as text, both ways. Knows no clock: a time is only ever an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from orchestrator.core.expression.failure import EvaluationError

_TIMESTAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_AMOUNT: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_PART: Final = re.compile(rf"({_AMOUNT})(d|h|ms|m|us|ns|s)")
_COMPACT: Final = re.compile(rf"(-?)((?:{_AMOUNT}(?:d|h|ms|m|us|ns|s))+)")
_ISO: Final = re.compile(
    rf"(-?)P(?=.)(?:({_AMOUNT})D)?(?:T(?=.)(?:({_AMOUNT})H)?(?:({_AMOUNT})M)?(?:({_AMOUNT})S)?)?"
)
_MICROSECONDS: Final = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
_MAX_TEXT: Final = 100
_MICROSECOND_DIGITS: Final = 6


def parse_timestamp(text: str) -> datetime:
    """Return the moment that an RFC 3339 text names, in UTC; digits below 1 us are cut off.

    Raises:
        EvaluationError: it is no such text.
    """
    match = _TIMESTAMP.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match:
        date, time, fraction, zone = match.groups()
        micros = (fraction or "0")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
        try:
            moment = datetime.fromisoformat(f"{date}T{time}.{micros}{zone.upper()}")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # the shape is right and the moment is none, such as February 30
    raise EvaluationError("not a timestamp: write it as 2026-03-01T08:00:00Z")


def timestamp_of_seconds(seconds: float) -> datetime:
    """Return the moment so many seconds after 1970 began in UTC.

    Raises:
        EvaluationError: it lies outside the years 1 to 9999.
    """
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise EvaluationError("the timestamp lies outside the years 1 to 9999") from None


def parse_duration(text: str) -> timedelta:
    """Return the length of time that ``1d12h``, ``90m``, ``1.5h``, ``-10s`` or ``PT48H`` names.

    Raises:
        EvaluationError: it is no such text.
    """
    if len(text) <= _MAX_TEXT:
        if match := _COMPACT.fullmatch(text):
            return _duration(match[1], [(amount, unit) for amount, unit in _PART.findall(match[2])])
        if match := _ISO.fullmatch(text):
            return _duration(
                match[1],
                [(amount, unit) for amount, unit in zip(match.groups()[1:], "dhms", strict=True)],
            )
    raise EvaluationError("not a duration: write it as 48h, 1d12h, 90m, 1.5s or PT48H")


def format_timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC: ``2026-03-01T08:00:00Z``."""
    utc = moment.astimezone(UTC)
    precision = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.isoformat(timespec=precision if utc.microsecond else "seconds")[:-6] + "Z"


def format_duration(length: timedelta) -> str:
    """Return a length of time in seconds: ``3600s``, ``-0.5s``."""
    microseconds = length // timedelta(microseconds=1)
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    digits = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{'-' if microseconds < 0 else ''}{seconds}{digits}s"


def compact_duration(length: timedelta) -> str:
    """Return a length of time as a person writes it: ``14d``, ``1d12h``, ``90ms``, not below 0s."""
    left = max(length // timedelta(milliseconds=1), 0)
    shown = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        shown += f"{count}{unit}" if count else ""
    return shown or "0s"


def _duration(sign: str, parts: list[tuple[str | None, str]]) -> timedelta:
    microseconds = sum(_microseconds(amount, unit) for amount, unit in parts if amount)
    try:
        return timedelta(microseconds=-microseconds if sign else microseconds)
    except OverflowError:
        raise EvaluationError("the duration is longer than 999,999,999 days") from None


def _microseconds(amount: str, unit: str) -> int:
    digits, _, fraction = amount.partition(".")
    scaled, parts = int(digits + fraction), int(10 ** len(fraction))
    if unit == "ns":
        return scaled // (1_000 * parts)
    return scaled * _MICROSECONDS[unit] // parts
