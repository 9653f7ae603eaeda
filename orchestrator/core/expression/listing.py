"""Functions on lists and maps. Knows no syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from orchestrator.core.expression.arithmetic import refuse_order
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.values import (
    NUMBERS,
    ORDERED,
    bounded,
    canonical,
    kind_of,
    named,
    require_list,
    whole,
)

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget


def size(budget: Budget, value: object) -> int:
    """Return the number of characters, items or fields."""
    del budget
    if isinstance(value, str | list | dict):
        return len(value)
    raise EvaluationError(f"{named(value)} has no size")


def least(budget: Budget, *values: object) -> object:
    """Return the smallest of a list, or of two or more arguments."""
    return ascending(budget, _one_or_more(values))[0]


def greatest(budget: Budget, *values: object) -> object:
    """Return the largest of a list, or of two or more arguments."""
    return ascending(budget, _one_or_more(values))[-1]


def total(budget: Budget, values: object) -> float:
    """Return the sum of a list of numbers, 0 for an empty one."""
    result: float = 0
    for number in _numbers(budget, values):
        result = bounded(result + number)
    return result


def average(budget: Budget, values: object) -> float:
    """Return the mean of a list of numbers that is not empty."""
    numbers = _numbers(budget, values)
    if not numbers:
        raise EvaluationError("an empty list has no average: ask size(...) > 0 first")
    return bounded(total(budget, numbers) / len(numbers))


def count_up(budget: Budget, *ends: object) -> list[int]:
    """Return the whole numbers from start (or 0) to end, the end left out."""
    start, end = [_whole(number) for number in (0, *ends)[-2:]]
    budget.spend(1 + max(0, end - start))
    return list(range(start, end))


def distinct(budget: Budget, values: object) -> list[object]:
    """Return the first of each group of equal items, in their order."""
    first: dict[object, object] = {}
    for item in require_list(values):
        first.setdefault(canonical(budget, item), item)
    return list(first.values())


def ascending(budget: Budget, values: object) -> list[object]:
    """Return a list in order; its items are of one kind that has an order."""
    items = require_list(values)
    if not items:
        return []
    kind = kind_of(items[0])
    budget.spend(len(items) * (1 + len(items).bit_length()))
    for item in items:
        if kind not in ORDERED or kind_of(item) != kind:
            refuse_order(items[0], item)
    return list[object](sorted(cast("list[str]", items)))


def keys(budget: Budget, value: object) -> list[object]:
    """Return the field names of a map."""
    return list(_map(budget, value))


def values(budget: Budget, value: object) -> list[object]:
    """Return the field values of a map."""
    return list(_map(budget, value).values())


def fresh_map(budget: Budget, names: tuple[object, ...], items: tuple[object, ...]) -> object:
    """Return a map whose field names are known only now.

    Raises:
        EvaluationError: a name is no string, or comes twice.
    """
    budget.spend(1 + len(names))
    for name in names:
        if not isinstance(name, str):
            raise EvaluationError(f"the keys of a map are strings, not {named(name)}")
    made = dict(zip(names, items, strict=True))
    if len(made) < len(names):
        raise EvaluationError("a key of the map comes twice")
    return made


def _one_or_more(values: tuple[object, ...]) -> list[object]:
    items = require_list(values[0]) if len(values) == 1 else list(values)
    if not items:
        raise EvaluationError("an empty list has no smallest or largest: ask size(...) > 0 first")
    return items


def _numbers(budget: Budget, values: object) -> list[float]:
    items = require_list(values)
    budget.spend(1 + len(items))
    for item in items:
        if type(item) not in NUMBERS:
            raise EvaluationError(f"expected a list of numbers, found {named(item)} in it")
    return cast("list[float]", items)


def _whole(value: object) -> int:
    number = whole(value)
    if number is None:
        raise EvaluationError(f"expected a whole number, got {named(value)}")
    return number


def _map(budget: Budget, value: object) -> dict[str, object]:
    if isinstance(value, dict):
        budget.spend(1 + len(value))
        return value
    raise EvaluationError(f"expected a map, got {named(value)}")
