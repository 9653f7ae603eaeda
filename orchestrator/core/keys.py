"""What may be a correlation key, and how it is written. Knows no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from orchestrator.core.problem import Position

MAX_KEY_LENGTH: Final = 200
"""Characters: every key is part of several names in the store."""

_INT64: Final = 2**63


def read_key(value: object, event_type: str, position: Position) -> str:
    """Return the text of a key, equal for numbers that are equal.

    Args:
        value: what ``by`` gave.
        event_type: the event it was computed for.
        position: where the rule stands.

    Raises:
        ExpressionError: it cannot be used as a key.
    """
    text = _key_text(value)
    if text is None:
        raise ExpressionError(
            f"the key (`by`) of {event_type} must be a text, a number or a bool that is not"
            " empty; this expression gave something else",
            position,
        )
    if len(text) > MAX_KEY_LENGTH:
        raise ExpressionError(
            f"the key (`by`) of {event_type} has {len(text)} characters, over the limit of"
            f" {MAX_KEY_LENGTH}: use an id",
            position,
        )
    return text


def _key_text(value: object) -> str | None:
    match value:
        case str():
            return value or None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < _INT64 else repr(value)
        case _:
            return None
