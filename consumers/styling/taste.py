"""Colors, styles and what goes with them. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumers.messages.styling import CombineInsights, Photo, Purpose, Recommend, Season

COLORS: Final[Mapping[str, tuple[int, int, int]]] = {
    "black": (0, 0, 0),
    "blue": (30, 60, 200),
    "brown": (120, 75, 40),
    "green": (30, 130, 60),
    "orange": (240, 140, 30),
    "red": (200, 30, 40),
    "white": (250, 250, 250),
    "yellow": (240, 220, 60),
}
WARM: Final = frozenset({"brown", "orange", "red", "yellow"})
COOL: Final = frozenset({"blue", "green"})
STYLES: Final[Mapping[str, tuple[str, ...]]] = {
    "casual": ("comfortable", "jeans", "weekend"),
    "formal": ("interview", "office", "suit"),
    "sporty": ("gym", "hiking", "running"),
}
CATALOG: Final[Mapping[Purpose, Mapping[str, tuple[str, ...]]]] = {
    "outfits": {
        "casual": ("jeans and a knitted jumper", "chinos and a polo shirt"),
        "formal": ("a two-piece suit", "a dress and a blazer"),
        "sporty": ("joggers and a shell jacket",),
    },
    "evolution": {
        "casual": ("from jeans to linen trousers",),
        "formal": ("from black suits to textured ones",),
        "sporty": ("from shell jackets to wool",),
    },
    "purchases": {
        "casual": ("a knitted jumper",),
        "formal": ("a white shirt", "a pair of oxfords"),
        "sporty": ("trail shoes",),
    },
    "trends": {
        "casual": ("wide legs",),
        "formal": ("double-breasted jackets",),
        "sporty": ("muted colors",),
    },
}
"""SAMPLE DATA: an invented collection, for demonstrations."""

ACCESSORY: Final[Mapping[Season, str]] = {"warm": "amber", "cool": "silver", "unknown": "black"}


def palette(photos: Sequence[Photo]) -> list[str]:
    """Return the colors of pictures, the most frequent first."""
    counts = Counter(_nearest(pixel) for photo in photos for pixel in photo.pixels)
    return sorted(counts, key=lambda color: (-counts[color], color))


def _nearest(pixel: str) -> str:
    red, green, blue = (int(pixel[start : start + 2], 16) for start in (1, 3, 5))

    def distance(color: str) -> int:
        other = COLORS[color]
        return (red - other[0]) ** 2 + (green - other[1]) ** 2 + (blue - other[2]) ** 2

    return min(COLORS, key=distance)


def styles(text: str) -> list[str]:
    """Return the styles that a text is about."""
    said = text.lower()
    return [
        style
        for style, words in STYLES.items()
        if style in said or any(word in said for word in words)
    ]


def season(colors: Sequence[str]) -> Season:
    """Return whether somebody wears warm or cool colors; the more frequent come first."""
    for color in colors:
        if color in WARM:
            return "warm"
        if color in COOL:
            return "cool"
    return "unknown"


def insights(known: CombineInsights) -> Iterator[str]:
    """Yield a sentence about each thing that is known."""
    if known.palette:
        yield f"Mostly wears {known.palette[0]}."
    if known.styles:
        yield f"Likes it {' and '.join(known.styles)}."
    if known.season != "unknown":
        yield f"Looks best in {known.season} colors."


def choice(asked: Recommend) -> list[str]:
    """Return what suits; something of every style for those who named none."""
    shelf = CATALOG[asked.purpose]
    found = [item for style in asked.styles or shelf for item in shelf.get(style, ())]
    return [*found, f"something in {ACCESSORY[asked.season]}"]
