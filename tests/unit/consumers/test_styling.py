"""Colors, styles and recommendations: tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumers.messages.styling import (
    AnalyzeImage,
    CombineInsights,
    ImageRefused,
    Photo,
    Recommend,
)
from consumers.styling.service import look
from consumers.styling.taste import CATALOG, STYLES, choice, insights, palette, season, styles
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from consumers.messages.styling import Purpose


def test_the_most_frequent_color_is_first() -> None:
    """Of all pictures together; who has equally many goes by the alphabet."""
    photos = [
        Photo(name="a", pixels=["#1e3cc8", "#ffffff"]),
        Photo(name="b", pixels=["#2040c0", "#fafafa", "#1010c0", "#000000"]),
    ]

    assert palette(photos) == ["blue", "white", "black"]


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        (["white", "red", "blue"], "warm"),
        (["green"], "cool"),
        (["black"], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_season_goes_by_the_first_color_that_has_one(colors: list[str], expected: str) -> None:
    """Black and white suit everybody."""
    assert season(colors) == expected


def test_styles_are_found_by_their_words() -> None:
    """Or by their names."""
    assert styles("Something COMFORTABLE for an interview") == ["casual", "formal"]
    assert styles("sporty") == ["sporty"]


async def test_without_a_picture_there_is_nothing_to_be_seen() -> None:
    """Which no attempt would change."""
    assert isinstance(await look(AnalyzeImage(photos=[]), context(None)), ImageRefused)


@pytest.mark.parametrize("purpose", CATALOG)
def test_there_is_something_for_everybody(purpose: Purpose) -> None:
    """Whatever it is for, and for those of whom nothing is known."""
    assert CATALOG[purpose].keys() == STYLES.keys()
    found = choice(Recommend(purpose=purpose, season="unknown", styles=[]))
    assert len(found) == sum(map(len, CATALOG[purpose].values())) + 1


def test_insights_are_about_what_is_known() -> None:
    """However little that is."""
    nothing = CombineInsights(palette=[], styles=[], season="unknown")

    assert list(insights(nothing)) == []
