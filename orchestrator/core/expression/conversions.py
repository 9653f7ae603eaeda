"""Functions that turn one kind of value into another. Knows no syntax and no clock."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.text import to_text
from orchestrator.core.expression.times import (
    parse_duration,
    parse_timestamp,
    timestamp_of_seconds,
)
from orchestrator.core.expression.values import NUMBERS, bounded, named

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DOUBLE: Final = re.compile(
    r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


def to_string(budget: Budget, value: object) -> str:
    """Return a value as text, as a template prints it."""
    text = to_text(budget, value)
    budget.spend_text(len(text))
    return text


def to_int(budget: Budget, value: object) -> float:
    """Return a number without its fraction, the number a string spells, or a time in seconds."""
    del budget
    if type(value) is int:
        return value
    if type(value) is float:
        return bounded(math.trunc(value))
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return bounded(int(value))
        raise EvaluationError("the string is no whole number")
    if isinstance(value, datetime):
        return (value - _EPOCH) // _SECOND
    if isinstance(value, timedelta):
        return math.trunc(value / _SECOND)
    raise EvaluationError(f"cannot make a whole number of {named(value)}")


def to_double(budget: Budget, value: object) -> float:
    """Return a number with a fraction, the number a string spells, or a time in seconds."""
    del budget
    if type(value) in NUMBERS:
        return float(value)  # type: ignore[arg-type]  # it is a number
    if isinstance(value, str):
        if _DOUBLE.fullmatch(value):
            return bounded(float(value))
        raise EvaluationError("the string is no number")
    if isinstance(value, datetime):
        return (value - _EPOCH) / _SECOND
    if isinstance(value, timedelta):
        return value / _SECOND
    raise EvaluationError(f"cannot make a number of {named(value)}")


def to_bool(budget: Budget, value: object) -> bool:
    """Return a bool as it is, or what the string "true" or "false" says."""
    del budget
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in {"true", "false"}:
            return value == "true"
        raise EvaluationError('only the strings "true" and "false" are truth values')
    raise EvaluationError(f"cannot make a truth value of {named(value)}: write a comparison")


def to_timestamp(budget: Budget, value: object) -> datetime:
    """Return the moment that an RFC 3339 string or a number of seconds since 1970 names."""
    del budget
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return parse_timestamp(value)
    if type(value) in NUMBERS:
        return timestamp_of_seconds(value)  # type: ignore[arg-type]  # it is a number
    raise EvaluationError(f"cannot make a timestamp of {named(value)}")


def to_duration(budget: Budget, value: object) -> timedelta:
    """Return the length of time that a string such as ``48h`` names."""
    del budget
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise EvaluationError(f'cannot make a duration of {named(value)}: write duration("48h")')
