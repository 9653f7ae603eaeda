"""The ledger in memory: the contract without a server, for tests. Durable for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.unmatched import pack, unpacked
from orchestrator.ports import Noted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from orchestrator.core.unmatched import Unmatched
    from orchestrator.ports import Clock


class MemoryLedger:
    """``ports.Ledger`` in a dictionary.

    Args:
        clock: says when an entry is noted.
        size: how many entries are kept.
    """

    def __init__(self, clock: Clock, size: int = 10_000) -> None:
        self._clock = clock
        self._size = size
        self._noted = 0
        self._entries: dict[str, tuple[datetime, bytes]] = {}

    async def note(self, entries: Sequence[Unmatched]) -> list[str]:
        """See ``ports.Ledger.note``."""
        if not self._size:
            return []
        ids = []
        for entry in entries:
            self._noted += 1
            ids.append(f"{self._noted}-0")
            self._entries[ids[-1]] = (self._clock.now(), pack(entry))
        for oldest in list(self._entries)[: -self._size]:
            del self._entries[oldest]
        return ids

    async def entries(
        self, *, after: str | None = None, since: datetime | None = None
    ) -> AsyncIterator[Noted]:
        """See ``ports.Ledger.entries``."""
        for name, (at, packed) in reversed(list(self._entries.items())):
            if (after is None or _number(name) < _number(after)) and (since is None or at >= since):
                yield Noted(name, at, unpacked(packed))

    async def find(self, entry_id: str) -> Noted | None:
        """See ``ports.Ledger.find``."""
        found = self._entries.get(entry_id)
        return None if found is None else Noted(entry_id, found[0], unpacked(found[1]))

    async def remove(self, ids: Sequence[str]) -> None:
        """See ``ports.Ledger.remove``."""
        for name in ids:
            self._entries.pop(name, None)


def _number(name: str) -> int:
    return int(name.partition("-")[0])
