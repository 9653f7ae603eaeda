"""Messages of the styling service, as in schemas/styling.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.grant import Denied
from consumers.messages.message import Label, Message, Name, Reasons

Color = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Season = Literal["warm", "cool", "unknown"]
Purpose = Literal["outfits", "evolution", "purchases", "trends"]


class Photo(Message):
    """A picture of somebody's clothes.

    Attributes:
        pixels: a sample of its colors.
    """

    name: Name
    pixels: list[Color]


class AnalyzeImage(Message):
    """Command: tell which colors somebody wears."""

    photos: list[Photo]


class ImageAnalyzed(Message):
    """Event: the colors somebody wears, the most frequent first."""

    palette: list[Label]


class ImageRefused(Denied):
    """Event: there is nothing to be seen."""


class AnalyzeText(Message):
    """Command: tell which styles somebody writes about."""

    text: Annotated[str, Field(max_length=2000)]


class TextAnalyzed(Message):
    """Event: the styles somebody writes about."""

    styles: list[Label]


class BuildProfile(Message):
    """Command: say in a word who that is."""

    palette: list[Label]
    styles: list[Label]


class ProfileBuilt(Message):
    """Event: who that is in a word."""

    season: Season
    style: Label


class CombineInsights(Message):
    """Command: make sentences of what is known, however little that is."""

    palette: list[Label]
    styles: list[Label]
    season: Season


class InsightsCombined(Message):
    """Event: what is known, in sentences."""

    insights: Reasons


class Recommend(Message):
    """Command: choose from what there is."""

    purpose: Purpose
    season: Season
    styles: list[Label]


class Recommended(Message):
    """Event: what suits."""

    items: list[Name]
