"""Ways into maps and lists: field, index, has, get, projection. Knows nothing of syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import hints
from orchestrator.core.expression.failure import EvaluationError, FieldMissingError
from orchestrator.core.expression.values import named, whole

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget

MISSING: Final = object()
"""Stands for a field that is not there; null is a value."""


def field(budget: Budget, receiver: object, name: str) -> object:
    """Return a field of a map.

    Raises:
        FieldMissingError: the map does not have it.
        EvaluationError: the receiver is no map.
    """
    del budget
    if isinstance(receiver, dict):
        if name in receiver:
            return receiver[name]
        raise FieldMissingError(name)
    raise EvaluationError(hints.no_fields(named(receiver), name))


def index(budget: Budget, receiver: object, key: object) -> object:
    """Return an item of a list (from 0) or a field of a map.

    Raises:
        FieldMissingError: the map does not have the field.
        EvaluationError: out of range, or nothing that can be indexed in this way.
    """
    if isinstance(receiver, list):
        position = whole(key)
        if position is None:
            raise EvaluationError(f"a list is indexed by whole numbers, not by {named(key)}")
        if 0 <= position < len(receiver):
            return receiver[position]
        raise EvaluationError("the list has no item at this index (they count from 0)")
    if isinstance(receiver, dict):
        if isinstance(key, str):
            return field(budget, receiver, key)
        raise EvaluationError(f"a map is indexed by strings, not by {named(key)}")
    raise EvaluationError(f"{named(receiver)} has no items")


def has(budget: Budget, base: object, steps: tuple[object, ...]) -> bool:
    """Tell whether a path leads somewhere."""
    return follow(budget, base, steps) is not MISSING


def follow(budget: Budget, base: object, steps: tuple[object, ...]) -> object:
    """Return what a path leads to, MISSING if any step of it does not exist."""
    del budget
    current = base
    for step in steps:
        if isinstance(current, dict) and isinstance(step, str):
            current = current.get(step, MISSING)
        elif isinstance(current, list):
            position = whole(step)
            if position is None or not 0 <= position < len(current):
                return MISSING
            current = current[position]
        else:
            return MISSING
    return current


def is_missing(found: object) -> bool:
    """Tell whether a path led nowhere."""
    return found is MISSING


def project(budget: Budget, receiver: object, path: tuple[str | None, ...]) -> list[object]:
    """Return what ``path`` leads to from each item, without the items it leads nowhere from.

    Args:
        budget: pays a step per item.
        receiver: a list, or a map whose values are meant.
        path: field names; None stands for a further ``*``, and the results are one flat list.

    Raises:
        EvaluationError: the receiver is neither.
    """
    if isinstance(receiver, list | dict):
        found: list[object] = []
        _collect(budget, receiver, path, found)
        return found
    raise EvaluationError(f"* goes over lists and maps, not over {named(receiver)}")


def _collect(
    budget: Budget, receiver: object, path: tuple[str | None, ...], found: list[object]
) -> None:
    for item in _items(receiver):
        budget.spend(1 + len(path))
        current = item
        for depth, name in enumerate(path):
            if name is None:
                _collect(budget, current, path[depth + 1 :], found)
                current = MISSING
            else:
                current = current.get(name, MISSING) if isinstance(current, dict) else MISSING
            if current is MISSING:
                break
        else:
            found.append(current)


def _items(receiver: object) -> list[object]:
    if isinstance(receiver, dict):
        return list(receiver.values())
    return receiver if isinstance(receiver, list) else []
