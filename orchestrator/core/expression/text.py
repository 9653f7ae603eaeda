"""How values look as text and as JSON. Knows no syntax."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import STEPS_PER_COPY
from orchestrator.core.expression.times import format_duration, format_timestamp

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget

_PLAIN: Final = frozenset({int, bool, type(None)})


def to_text(budget: Budget, value: object) -> str:
    """Return a value as a reader expects it inside a sentence.

    A string is itself, a number has no needless ``.0``, true, false and null are these words, times
    are RFC 3339 and seconds, lists and maps compact JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    rendered = to_json(budget, value)
    if isinstance(rendered, str):
        return rendered
    return json.dumps(rendered, ensure_ascii=False, separators=(",", ":"))


def concatenated(budget: Budget, *parts: object) -> str:
    """Return the parts of a template's text as one string."""
    texts = [to_text(budget, part) for part in parts]
    budget.spend_text(sum(map(len, texts)))
    return "".join(texts)


def to_json(budget: Budget, value: object) -> object:
    """Return a value as JSON has it: times become strings, all else stays as it is.

    The walk is paid for, because a small value may mention one large part many times.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        budget.spend_text(len(value))
        return value
    if isinstance(value, list):
        budget.spend(1 + len(value) * STEPS_PER_COPY)
        return [to_json(budget, item) for item in value]
    if isinstance(value, dict):
        budget.spend(1 + len(value) * STEPS_PER_COPY)
        budget.spend_text(sum(map(len, value)))
        return {key: to_json(budget, item) for key, item in value.items()}
    return _without_parts(value)


def _without_parts(value: object) -> object:
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, float):
        return value
    raise EvaluationError("a value of an unknown kind")
