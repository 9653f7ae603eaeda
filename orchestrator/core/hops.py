"""How many reactions led to a message, and which the last ones were. Knows no header, no rule."""

from __future__ import annotations

from typing import Final, Protocol

MAX_HOPS: Final = 32
"""Reactions that may lead to an event before rules stop reacting to it, by default."""

TRAIL_FROM: Final = 5
"""Reactions after which a message says what led to it: most end long before, and need no trail."""

MAX_TRAIL: Final = 600
"""Characters of a trail; its beginning is left out. It has to fit into a header and an error."""

_NEXT: Final = ", "
_CUT: Final = "... "


class Led(Protocol):
    """What a trail goes on from: an event, or what is remembered of one."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def hops(self) -> int:
        """How many reactions led to it."""

    @property
    def trail(self) -> str:
        """Which the last of them were; empty while they are few."""


def trail_of(event: Led, rule: str, sent: str) -> str:
    """Return how `event` came about and what now follows; empty as long as that is ordinary.

    Args:
        event: what the rule reacts to.
        rule: the name of the rule.
        sent: the type of what it sends.
    """
    if event.hops + 1 < TRAIL_FROM:
        return ""
    step = f"{event.type} -({rule})-> {sent}"
    return shortened(f"{event.trail}{_NEXT}{step}" if event.trail else step)


def shortened(trail: str) -> str:
    """Return the end of a trail that is too long."""
    if len(trail) <= MAX_TRAIL:
        return trail
    end = trail[len(_CUT) - MAX_TRAIL :]
    _, found, rest = end.partition(_NEXT)
    return _CUT + (rest if found else end)
