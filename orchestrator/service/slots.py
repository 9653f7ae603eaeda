"""How many handlers run at once, and who must run alone or wait for another. Knows no message."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Slots:
    """A bound on what runs at once."""

    def __init__(self, count: int) -> None:
        """Let `count` run at once, at least 1."""
        self._count = count
        self._free = asyncio.Semaphore(count)
        self._gathering = asyncio.Lock()

    @asynccontextmanager
    async def take(self, *, alone: bool = False) -> AsyncIterator[None]:
        """Wait for a free slot, or with `alone` for all of them, and hold it inside."""
        wanted = self._count if alone else 1
        taken = 0
        try:
            # Two that each hold half of the slots would wait for each other.
            async with self._gathering:
                while taken < wanted:
                    await self._free.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._free.release()


class Turns:
    """Makes those with the same key wait for each other."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[bool]:
        """Wait for the turn of `key` and hold it inside; yields whether there was another first."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield users > 0
        finally:
            _, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
