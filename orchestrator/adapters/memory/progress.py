"""What replicas tell each other, in memory: the contract without a server, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.ports import Standing

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.ports import Clock


class MemoryProgress:
    """``ports.Progress`` in dictionaries.

    Args:
        clock: says when a member was heard last.
        silence: how long one may say nothing.
    """

    def __init__(self, clock: Clock, silence: timedelta = timedelta(minutes=1)) -> None:
        self._clock = clock
        self._silence = silence
        self._turn = 0
        self._members: dict[str, tuple[int, datetime]] = {}
        self._takings: dict[str, tuple[int, int]] = {}

    async def look(self) -> Standing:
        """See ``ports.Progress.look``."""
        oldest = self._clock.now() - self._silence
        for member, (_, heard) in list(self._members.items()):
            if heard < oldest:
                del self._members[member]
                self._takings.pop(member, None)
        members = {member: said for member, (said, _) in self._members.items()}
        return Standing(self._turn, members, dict(self._takings))

    async def say(self, member: str, said: int) -> Standing:
        """See ``ports.Progress.say``."""
        self._members[member] = (said, self._clock.now())
        return await self.look()

    async def took(self, member: str, number: int) -> Standing:
        """See ``ports.Progress.took``."""
        if member in self._members:
            self._turn += 1
            if number >= self._takings.get(member, (0, 0))[0]:
                self._takings[member] = (number, self._turn)
        return await self.look()
