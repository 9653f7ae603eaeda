"""What the casefiles service reads out of texts, and where it searches. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consumers.messages.casefiles import MergeAnalysis

DOCUMENTS: Final = (
    "Lease of 12 Harbor Street, 2021",
    "Inspection report, Harbor Street, 2024",
    "Invoice of Quarry Works, 2025",
)
RECORDS: Final = ("Harbor Logistics, registered 2019", "Quarry Works, registered 2012")
STATEMENTS: Final = ("Ada Keller about Harbor Logistics", "Ben Osei about Quarry Works")
"""SAMPLE DATA: an invented archive, for demonstrations."""

SIGNALS: Final = {"injury": 40, "fire": 30, "unpaid": 20, "delay": 10}
"""A word that makes a case urgent -> how much."""

MOST: Final = 100
"""How urgent a case can be."""

_LONGEST_NAME: Final = 100
_NAME: Final = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")


def search(shelf: Sequence[str], query: str) -> list[str]:
    """Return what on a shelf has all words of a query."""
    words = query.lower().split()
    return [each for each in shelf if all(word in each.lower() for word in words)]


def names(texts: Iterable[str]) -> list[str]:
    """Return the names in texts, each once, in the order of the alphabet."""
    return sorted({found[:_LONGEST_NAME] for text in texts for found in _NAME.findall(text)})


def years(texts: Iterable[str]) -> list[str]:
    """Return the years in texts, each once, the earliest first."""
    return sorted({found for text in texts for found in _YEAR.findall(text)})


def signals(texts: Iterable[str]) -> list[str]:
    """Return the words in texts that make a case urgent, each once."""
    said = " ".join(texts).lower()
    return [word for word in SIGNALS if word in said]


def score(texts: Iterable[str]) -> int:
    """Return how urgent texts are, from 0 to 100."""
    return min(MOST, sum(SIGNALS[word] for word in signals(texts)))


def report(analyses: MergeAnalysis) -> str:
    """Return one sentence about each analysis."""
    who = ", ".join(analyses.names) or "nobody"
    when = ", ".join(analyses.years) or "no year"
    return f"It names {who}, and {when}. Its urgency is {analyses.score} of {MOST}."[:2000]
