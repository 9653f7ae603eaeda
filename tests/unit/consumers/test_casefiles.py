"""What is read out of texts, and found on shelves: tables. No Redis."""

from __future__ import annotations

import pytest

from consumers.casefiles.reading import DOCUMENTS, names, report, score, search, signals, years
from consumers.messages.casefiles import MergeAnalysis

TEXTS = [
    "Ada Keller wrote in 2025.",
    "Ben Osei and Ada Keller, in 1999: injury, unpaid, fire, delay",
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("harbor", DOCUMENTS[:2]),
        ("street 2024 harbor", DOCUMENTS[1:2]),
        ("whales", ()),
    ],
)
def test_a_search_wants_all_words(query: str, expected: tuple[str, ...]) -> None:
    """In any order, whatever their case."""
    assert search(DOCUMENTS, query) == list(expected)


def test_facts_are_told_once_and_in_order() -> None:
    """So that the same texts make the same report."""
    assert names(TEXTS) == ["Ada Keller", "Ben Osei"]
    assert years(TEXTS) == ["1999", "2025"]


def test_urgency_has_an_end() -> None:
    """A hundred is a hundred; a text without signals is not urgent at all."""
    assert (score(TEXTS), signals(TEXTS)) == (100, ["injury", "fire", "unpaid", "delay"])
    assert (score(["Nothing."]), signals([])) == (0, [])


def test_a_report_says_what_there_is() -> None:
    """And does not leave a gap where there is nothing."""
    empty = MergeAnalysis(names=[], years=[], score=0)

    assert report(empty) == "It names nobody, and no year. Its urgency is 0 of 100."
