"""Kinds of values and when two of them are equal. Knows no syntax and no source of values."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import MAX_INTEGER, MIN_INTEGER, STEPS_PER_COPY

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget

Kind = Literal["null", "bool", "number", "string", "list", "map", "timestamp", "duration"]

NUMBERS: Final = frozenset({int, float})
"""The Python types of numbers. A bool is an ``int`` to Python and never a number here."""

ORDERED: Final[frozenset[Kind]] = frozenset({"number", "string", "timestamp", "duration"})

_KINDS: Final[dict[type, Kind]] = {
    type(None): "null",
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "list",
    dict: "map",
    datetime: "timestamp",
    timedelta: "duration",
}
_EXACT_FLOATS: Final = 1e15


def kind_of(value: object) -> Kind:
    """Return the kind of a value.

    Raises:
        EvaluationError: the value is none that JSON and this language know.
    """
    known = _KINDS.get(type(value))
    if known:
        return known
    for python_type, kind in _KINDS.items():
        if isinstance(value, python_type):
            return kind
    raise EvaluationError("a value of an unknown kind")


def named(value: object) -> str:
    """Return the kind of a value with its article, for error messages."""
    return with_article(kind_of(value))


def with_article(kind: Kind) -> str:
    """Return the name of a kind as a sentence needs it."""
    return kind if kind == "null" else f"a {kind}"


def bounded(number: float) -> float:
    """Return a computed number if it can be kept.

    Raises:
        EvaluationError: it left 64 bits, or the range of doubles.
    """
    if type(number) is int:
        if MIN_INTEGER <= number <= MAX_INTEGER:
            return number
        raise EvaluationError("the result does not fit in a 64-bit integer")
    if math.isfinite(number):
        return number
    raise EvaluationError("the result is too large for a number")


def equal(budget: Budget, left: object, right: object) -> bool:
    """Tell whether two values are the same; values of different kinds never are."""
    if type(left) is not type(right):
        return left == right and type(left) is not bool and type(right) is not bool
    if isinstance(left, list | dict):
        return canonical(budget, left) == canonical(budget, right)
    if isinstance(left, str):
        budget.spend_text(len(left))
    return left == right


def unequal(budget: Budget, left: object, right: object) -> bool:
    """Tell whether two values differ."""
    return not equal(budget, left, right)


def canonical(budget: Budget, value: object) -> object:
    """Return a hashable stand-in: two values are equal exactly if their stand-ins are."""
    budget.spend(STEPS_PER_COPY)
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return ("list", tuple([canonical(budget, item) for item in value]))
    if isinstance(value, dict):
        return ("map", frozenset({(key, canonical(budget, item)) for key, item in value.items()}))
    if isinstance(value, str):
        budget.spend_text(len(value))
    return value


def whole(value: object) -> int | None:
    """Return a number without a fraction as an int (JSON producers write 3 and 3.0), else None."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer() and abs(value) < _EXACT_FLOATS:
        return int(value)
    return None


def require_list(value: object) -> list[object]:
    """Return a list as it is.

    Raises:
        EvaluationError: it is no list.
    """
    if isinstance(value, list):
        return value
    raise EvaluationError(f"expected a list, got {named(value)}")


def require_string(value: object) -> str:
    """Return a string as it is.

    Raises:
        EvaluationError: it is no string.
    """
    if isinstance(value, str):
        return value
    raise EvaluationError(f"expected a string, got {named(value)}")


def require_bool(value: object) -> bool:
    """Return a bool as it is: nothing else is true or false.

    Raises:
        EvaluationError: it is no bool.
    """
    if isinstance(value, bool):
        return value
    raise EvaluationError(f"expected true or false, got {named(value)}")
