"""The register of instances in memory: the contract without a server, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.service.register import SILENCE_SECONDS, Announcement, Heard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.ports import Clock


class MemoryRegister:
    """``service.register.Register`` in a dictionary.

    Args:
        clock: says when an instance was heard of.
        silence_seconds: how long one may say nothing.
    """

    def __init__(self, clock: Clock, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._clock = clock
        self._silence = timedelta(seconds=silence_seconds)
        self._heard: dict[str, tuple[Announcement, datetime]] = {}

    async def announce(self, announcement: Announcement) -> None:
        """See ``Register.announce``."""
        self._heard[announcement.name] = (announcement, self._clock.now())

    async def leave(self, name: str) -> None:
        """See ``Register.leave``."""
        self._heard.pop(name, None)

    async def living(self) -> Sequence[Heard]:
        """See ``Register.living``."""
        now = self._clock.now()
        found = [(said, at) for _, (said, at) in sorted(self._heard.items())]
        return [
            Heard(said, round(at.timestamp() * 1000), (now - at).total_seconds())
            for said, at in found
            if now - at < self._silence
        ]
