"""When each form fires, with which events, and what is left; time is in seconds, `within` is 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.core.stateful.play import (
    ABSENT,
    ALL_THREE,
    COUNT,
    ENDLESS,
    JOIN,
    SEQUENCE,
    TWO_OF_THREE,
    Play,
    happened,
    outcomes,
)

if TYPE_CHECKING:
    from orchestrator.core.stateful import StatefulRule

# (rule, what arrives in this order before any timer, what follows until all timers went off)
FORMS: dict[str, tuple[StatefulRule, str, str]] = {
    "a join": (JOIN, "A0 B4", "fired A0 B4"),
    "a join, the partner first": (JOIN, "B4 A0", "fired A0 B4"),
    "the last moment of the window": (JOIN, "A0 B5", "fired A0 B5"),
    "a moment after it": (JOIN, "A0 B6", "otherwise A0, otherwise B6"),
    "a moment after it, the other way round": (JOIN, "B6 A0", "otherwise A0, otherwise B6"),
    "a late event that lies inside": (JOIN, "A0 A10 B4", "fired A0 B4, otherwise A10"),
    "a join starts anew": (JOIN, "A0 B1 B2 A3", "fired A0 B1, fired B2 A3"),
    "the newest of several": (JOIN, "A0 A2 A1 B3", "fired A2 B3"),
    "the greater identity at one time": (JOIN, "A0/1 A0/2 B3", "fired A0/2 B3"),
    "a firing uses up its window": (JOIN, "A0 A2 B3 B4", "fired A2 B3, otherwise B4"),
    "what is later than the firing stays": (JOIN, "A0 A9 B2 B8", "fired A0 B2, fired A9 B8"),
    "a duplicate": (JOIN, "A0 A0 A0", "otherwise A0"),
    "a window ends once for all in it": (ALL_THREE, "A0 B3", "otherwise A0 B3"),
    "no limit": (ENDLESS, "A0 B999999", "fired A0 B999999"),
    "no limit, no timer": (ENDLESS, "A0 A7", ""),
    "two of three": (TWO_OF_THREE, "C0 A3", "fired C0 A3"),
    "two of three need two elements": (TWO_OF_THREE, "A0 A3", "otherwise A3"),
    "all three": (ALL_THREE, "C5 A0 B2", "fired A0 B2 C5"),
    "all three over too long a time": (ALL_THREE, "A0 B3 C6", "otherwise A0 B3, otherwise C6"),
    "a sequence": (SEQUENCE, "A0 B1 C2", "fired A0 B1 C2"),
    "a sequence, last arrived first": (SEQUENCE, "C2 B1 A0", "fired A0 B1 C2"),
    "a sequence of equal times": (SEQUENCE, "C2 A2 B2", "fired A2 B2 C2"),
    "a sequence in the wrong order": (SEQUENCE, "A0 C1 B2", "otherwise A0 B2 C1"),
    "a sequence that needs an older one": (SEQUENCE, "A0 A2 B1 C3", "fired A0 B1 C3"),
    "a sequence over too long a time": (SEQUENCE, "A0 B3 C6", "otherwise A0 B3, otherwise C6"),
    "a count": (COUNT, "A0 A4 A5", "fired A5"),
    "a count slides": (COUNT, "A0 A4 A7 A8", "fired A8"),
    "a count starts anew": (COUNT, "A0 A1 A2 A3 A4", "fired A2, otherwise A4"),
    "a count in any order": (COUNT, "A5 A0 A4", "fired A5"),
    "a count of duplicates": (COUNT, "A0 A0 A0 A1", "otherwise A1"),
    "a count at one moment": (COUNT, "A0/1 A0/2 A0/3", "fired A0/2"),
    "an absence": (ABSENT, "A0", "fired A0"),
    "what came in time": (ABSENT, "A0 B5", ""),
    "what came in time, and arrived first": (ABSENT, "B5 A0", ""),
    "what came at the same time": (ABSENT, "B0 A0", ""),
    "what came too late": (ABSENT, "A0 B6", "fired A0"),
    "what came too late, and arrived first": (ABSENT, "B6 A0", "fired A0"),
    "what came before does not count": (ABSENT, "B0 A1", "fired A1"),
    "the time runs from the first": (ABSENT, "A3 A0 B6", "fired A0"),
    "an answer is for all before it": (ABSENT, "A0 A3 B4", ""),
    "and not for what comes after": (ABSENT, "A0 B1 A3", "fired A3"),
    "an absence starts anew": (ABSENT, "A0 A5 A6", "fired A0, fired A6"),
}


@pytest.mark.parametrize(("rule", "arrives", "expected"), FORMS.values(), ids=FORMS.keys())
def test_what_follows(rule: StatefulRule, arrives: str, expected: str) -> None:
    """The table of the documentation, by example."""
    play = Play(rule).arrive(*happened(arrives)).until(10**7)
    assert play.outcomes == outcomes(expected)
