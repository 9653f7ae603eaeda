"""When everything that arrived before a moment is decided. Calls nobody, and looks at no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ports import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestrator.ports import Standing


@dataclass(slots=True)
class Attempt:
    """An attempt to prove that everything that arrived before `moment` is decided.

    A marker goes into the queue after `moment`. Once it was taken, whatever had arrived before is
    acknowledged, or in the hands of a member that subscribed before; so all of these have to say
    that what they had in their hands then is decided.

    Attributes:
        moment: by the clock of the member that tries.
        number: of its marker.
        before: what the members had said before the marker was sent.
        consumers: how many the broker counted between the two; None where nobody asked.
        turn: the turn at which the marker was taken; None while nobody has.
    """

    moment: datetime
    number: int
    before: Mapping[str, int]
    consumers: int | None
    turn: int | None = None

    def hear(self, me: str, standing: Standing) -> None:
        """Note the turn at which the marker was taken, or one after it."""
        number, turn = standing.takings.get(me, (0, 0))
        if self.turn is None and number >= self.number:
            self.turn = turn

    def holds(self, standing: Standing) -> bool:
        """Tell whether it is proven by what the members say after the marker was taken."""
        if self.turn is None:
            return False
        turn = self.turn
        missing = [each for each, answered in standing.members.items() if answered < turn]
        return not missing or self._are_gone(missing, standing)

    def _are_gone(self, missing: list[str], standing: Standing) -> bool:
        """Tell whether the members that say nothing had no consumer any more before the marker.

        They had none if the broker counted no more consumers than members that had theirs by then
        and have it still: those that answered. What the others left is handed out before a marker
        that is sent after that. It takes that they cannot have opened one since.
        """
        present = [
            each
            for each, said in self.before.items()
            if said >= OPEN and standing.members.get(each, OPEN) >= (self.turn or 0)
        ]
        # A broker that cannot tell counts none.
        counted = bool(present) and len(present) == self.consumers
        return counted and all(map(self._opens_no_more, missing))

    def _opens_no_more(self, member: str) -> bool:
        if member not in self.before:
            return False
        return self.before[member] >= OPEN or _followed(member, self.before)


def _followed(member: str, members: Mapping[str, int]) -> bool:
    """Tell whether its process had gone on to a later subscription."""
    process, _, number = member.rpartition("/")
    return any(
        other.rpartition("/")[0] == process and int(other.rpartition("/")[2]) > int(number)
        for other in members
    )
