"""Loops over lists and maps, with their condition given as a function. Knows no syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.values import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.core.expression.limits import Budget

    Condition = Callable[[object], bool]


def every(budget: Budget, receiver: object, weight: int, holds: Condition) -> bool:
    """Tell whether a condition holds for all items, stopping at the first for which it does not."""
    return all(holds(item) for item in _paid(budget, receiver, weight))


def some(budget: Budget, receiver: object, weight: int, holds: Condition) -> bool:
    """Tell whether a condition holds for an item, stopping at the first for which it does."""
    return any(holds(item) for item in _paid(budget, receiver, weight))


def exactly_one(budget: Budget, receiver: object, weight: int, holds: Condition) -> bool:
    """Tell whether a condition holds for one item and for no other."""
    return sum(holds(item) for item in _paid(budget, receiver, weight)) == 1


def chosen(budget: Budget, receiver: object, weight: int, holds: Condition) -> list[object]:
    """Return the items for which a condition holds."""
    return [item for item in _paid(budget, receiver, weight) if holds(item)]


def mapped(
    budget: Budget, receiver: object, weight: int, convert: Callable[[object], object]
) -> list[object]:
    """Return what becomes of each item."""
    return [convert(item) for item in _paid(budget, receiver, weight)]


def _paid(budget: Budget, receiver: object, weight: int) -> Iterable[object]:
    """Return the items of a list or the keys of a map, after ``weight`` steps for each are paid."""
    if isinstance(receiver, list | dict):
        budget.spend(1 + len(receiver) * weight)
        return receiver
    raise EvaluationError(f"expected a list or a map to go over, got {named(receiver)}")
