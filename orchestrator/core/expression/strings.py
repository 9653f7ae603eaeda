"""Functions on strings. Knows no syntax."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, cast

import re2  # type: ignore[import-untyped]

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.limits import MAX_PATTERN
from orchestrator.core.expression.values import named, require_list, require_string

if TYPE_CHECKING:
    from orchestrator.core.expression.limits import Budget


class Pattern(Protocol):
    """A compiled regular expression on UTF-8."""

    def search(self, text: bytes) -> object | None:
        """Return a match anywhere in the text."""


def contains(budget: Budget, text: object, part: object) -> bool:
    """Tell whether a string has another inside."""
    if isinstance(text, list):
        raise EvaluationError("contains() looks into strings: write item in list")
    return require_string(part) in _paid(budget, text)


def starts_with(budget: Budget, text: object, start: object) -> bool:
    """Tell whether a string begins with another."""
    return _paid(budget, text).startswith(require_string(start))


def ends_with(budget: Budget, text: object, end: object) -> bool:
    """Tell whether a string ends with another."""
    return _paid(budget, text).endswith(require_string(end))


def matches(budget: Budget, text: object, pattern: object) -> bool:
    """Tell whether a regular expression (RE2, linear time) matches anywhere in a string.

    Args:
        budget: pays for the text.
        text: a string.
        pattern: a string, or what `compile_pattern` made of one.
    """
    searched = _paid(budget, text)
    compiled = compile_pattern(pattern) if isinstance(pattern, str) else pattern
    if not hasattr(compiled, "search"):
        raise EvaluationError(f"expected a pattern in a string, got {named(pattern)}")
    try:
        return cast("Pattern", compiled).search(searched.encode()) is not None
    except UnicodeEncodeError:
        raise EvaluationError("the text is not valid Unicode") from None


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Return the compiled form of an RE2 pattern.

    Raises:
        EvaluationError: it is no pattern, or too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise EvaluationError(f"the pattern is longer than {MAX_PATTERN:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return cast("Pattern", re2.compile(pattern.encode(), options))
    except UnicodeEncodeError:
        raise EvaluationError("the pattern is not valid Unicode") from None
    except re2.error as error:
        (reason,) = error.args
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise EvaluationError(f"not a regular expression (RE2): {text}") from None


def lower(budget: Budget, text: object) -> str:
    """Return a string in small letters."""
    return _paid(budget, text).lower()


def upper(budget: Budget, text: object) -> str:
    """Return a string in capital letters."""
    return _paid(budget, text).upper()


def trim(budget: Budget, text: object) -> str:
    """Return a string without the white space around it."""
    return _paid(budget, text).strip()


def split(budget: Budget, text: object, separator: object) -> list[str]:
    """Return the parts of a string between separators; an empty one gives the characters."""
    whole, mark = _paid(budget, text), require_string(separator)
    if not mark:
        budget.spend(len(whole))
        return list(whole)
    budget.spend(1 + whole.count(mark))
    return whole.split(mark)


def join(budget: Budget, parts: object, separator: object = "") -> str:
    """Return a list of strings as one."""
    mark, items = require_string(separator), require_list(parts)
    budget.spend(1 + len(items))
    texts = [require_string(item) for item in items]
    budget.spend_text(sum(map(len, texts)) + len(mark) * len(texts))
    return mark.join(texts)


def _paid(budget: Budget, text: object) -> str:
    string = require_string(text)
    budget.spend_text(len(string))
    return string
