"""How replicas tell each other how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


JOINED: Final = -1
"""What a member says before it opens its subscription."""

OPEN: Final = 0
"""What it says once it has, until it answers to a turn."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the members that share an input queue have come.

    A member is one subscription of one process: ``<process>/<number>``, numbered as they follow
    each other.

    Attributes:
        turn: how often markers were taken so far.
        members: what each said last: ``JOINED``, ``OPEN``, or the turn it answered to: whatever it
            was handed before that turn is decided.
        takings: of whom a marker was taken: the number of the newest, and at which turn.
    """

    turn: int
    members: Mapping[str, int]
    takings: Mapping[str, tuple[int, int]]


class Progress(Protocol):
    """What the processes that share an input queue tell each other about it.

    Who says nothing for about a minute is forgotten: by then the broker has noticed, too, that it
    is gone. Turns only grow, in the order of the calls, whoever makes them; no clock of theirs
    counts. Each call returns how things stand after it.

    Every method raises ``Unavailable`` or ``Misconfigured`` and may be repeated then.
    """

    async def look(self) -> Standing:
        """Say nothing."""

    async def say(self, member: str, said: int) -> Standing:
        """Let a member say something, or the same again."""

    async def took(self, member: str, number: int) -> Standing:
        """Begin a turn: a marker of a member was taken; none if that member is forgotten."""
