"""Operators on values whose kinds are known only when they run. Knows no syntax."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.values import (
    NUMBERS,
    ORDERED,
    bounded,
    equal,
    kind_of,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.expression.limits import Budget

_TIMES: Final = frozenset({("timestamp", "duration"), ("duration", "duration")})


def add(budget: Budget, left: object, right: object) -> object:
    """Return the sum of numbers or times, or strings or lists one after the other."""
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return bounded(left + right)  # type: ignore[operator]  # both are numbers
    if isinstance(left, str) and isinstance(right, str):
        budget.spend_text(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        budget.spend(1 + len(left) + len(right))
        return left + right
    if (kind_of(left), kind_of(right)) in _TIMES:
        return _in_calendar(lambda: left + right)  # type: ignore[operator]  # see _TIMES
    if isinstance(left, timedelta) and isinstance(right, datetime):
        return add(budget, right, left)
    if "string" in {kind_of(left), kind_of(right)}:
        raise EvaluationError(f"cannot add {named(left)} and {named(right)}: write string(...)")
    raise EvaluationError(f"cannot add {named(left)} and {named(right)}")


def subtract(budget: Budget, left: object, right: object) -> object:
    """Return the difference of two numbers or times."""
    del budget
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return bounded(left - right)  # type: ignore[operator]  # both are numbers
    if (kind_of(left), kind_of(right)) in {*_TIMES, ("timestamp", "timestamp")}:
        return _in_calendar(lambda: left - right)  # type: ignore[operator]  # see _TIMES
    raise EvaluationError(f"cannot subtract {named(right)} from {named(left)}")


def multiply(budget: Budget, left: object, right: object) -> float:
    """Return the product of two numbers."""
    del budget
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return bounded(left * right)  # type: ignore[operator]  # both are numbers
    raise EvaluationError(f"cannot multiply {named(left)} by {named(right)}")


def divide(budget: Budget, left: object, right: object) -> float:
    """Return the true quotient: ``7 / 2`` is 3.5."""
    del budget
    if type(left) in NUMBERS and type(right) in NUMBERS:
        if right == 0:
            raise EvaluationError("division by zero")
        return bounded(left / right)  # type: ignore[operator]  # both are numbers
    raise EvaluationError(f"cannot divide {named(left)} by {named(right)}")


def remainder(budget: Budget, left: object, right: object) -> float:
    """Return what the division leaves, with the sign of the dividend: ``-7 % 3`` is -1."""
    del budget
    if type(left) in NUMBERS and type(right) in NUMBERS:
        if right == 0:
            raise EvaluationError("division by zero")
        if isinstance(left, int) and isinstance(right, int):
            rest = abs(left) % abs(right)
            return -rest if left < 0 else rest
        return math.fmod(left, right)  # type: ignore[arg-type]  # both are numbers
    raise EvaluationError(f"cannot divide {named(left)} by {named(right)}")


def negate(budget: Budget, operand: object) -> object:
    """Return a number or duration with the other sign."""
    del budget
    if type(operand) in NUMBERS:
        return bounded(-operand)  # type: ignore[operator]  # it is a number
    if isinstance(operand, timedelta):
        return _in_calendar(lambda: -operand)
    raise EvaluationError(f"cannot negate {named(operand)}")


def less(budget: Budget, left: object, right: object) -> bool:
    """Tell whether left comes before right."""
    _require_order(budget, left, right)
    return left < right  # type: ignore[operator,no-any-return]  # of one ordered kind


def less_or_equal(budget: Budget, left: object, right: object) -> bool:
    """Tell whether left does not come after right."""
    _require_order(budget, left, right)
    return left <= right  # type: ignore[operator,no-any-return]  # of one ordered kind


def greater(budget: Budget, left: object, right: object) -> bool:
    """Tell whether left comes after right."""
    _require_order(budget, left, right)
    return left > right  # type: ignore[operator,no-any-return]  # of one ordered kind


def greater_or_equal(budget: Budget, left: object, right: object) -> bool:
    """Tell whether left does not come before right."""
    _require_order(budget, left, right)
    return left >= right  # type: ignore[operator,no-any-return]  # of one ordered kind


def contained(budget: Budget, item: object, container: object) -> bool:
    """Tell whether a list has an equal item, or a map has the key."""
    if isinstance(container, list):
        budget.spend(1 + len(container))
        return any(equal(budget, item, other) for other in container)
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    if isinstance(container, str):
        raise EvaluationError("in looks into lists and maps: write contains(text, part)")
    raise EvaluationError(f"in looks into lists and maps, not into {named(container)}")


def refuse_order(left: object, right: object) -> NoReturn:
    """Say why two values have no order.

    Raises:
        EvaluationError: always.
    """
    raise EvaluationError(f"cannot compare {named(left)} with {named(right)}")


def _require_order(budget: Budget, left: object, right: object) -> None:
    if isinstance(left, str):
        budget.spend_text(len(left))
    kind = kind_of(left)
    if kind not in ORDERED or kind != kind_of(right):
        refuse_order(left, right)


def _in_calendar(compute: Callable[[], object]) -> object:
    try:
        return compute()
    except OverflowError:
        raise EvaluationError("the result lies outside the years 1 to 9999") from None
