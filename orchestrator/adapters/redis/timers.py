"""Finds the timers of one definition, however many others there are. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.redis.connection import translated
from orchestrator.adapters.redis.entries import read_kept_name, read_revision_name, timer_name
from orchestrator.adapters.redis.walking import Entry
from orchestrator.core.status import OPEN, Status
from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from orchestrator.adapters.redis.layout import Layout

FEW = 10_000
"""Instances and kept messages of a definition: of more than that, timers are met soon enough."""


class TimersOfOne:
    """The timers of a definition that has few, found from the lists of what it remembers."""

    def __init__(self, redis: Redis, server: str, layout: Layout) -> None:
        self._redis = redis
        self._server = server
        self._layout = layout

    async def find(self, definition: str, shards: Sequence[int]) -> list[Entry] | None:
        """Return the timers of `definition` in these shards, in order; None if they are not few."""
        if await self._count(definition, shards) > FEW:
            return None
        heads = await self._members(
            {
                self._layout.open_index(shard, definition, status): shard
                for shard in shards
                for status in OPEN
            }
        )
        kept = await self._members(
            {self._layout.later_index(shard, definition, Status.WAITING): shard for shard in shards}
        )
        ats = [(InstanceKey(definition, name.decode()), shard) for name, shard in heads]
        names = [(timer_name(at), shard) for at, shard in ats]
        names += [(timer_name(read_kept_name(definition, name)), shard) for name, shard in kept]
        names += await self._members(
            {self._layout.piece_timers(at): shard for at, shard in ats}, sets=True
        )
        return await self._scored(names)

    async def _count(self, definition: str, shards: Sequence[int]) -> int:
        pipeline = self._redis.pipeline(transaction=False)
        for shard in shards:
            pipeline.hgetall(self._layout.revisions(shard))
        with translated(self._server):
            found = await pipeline.execute()
        return sum(
            int(number)
            for counts in found
            for name, number in counts.items()
            if read_revision_name(name)[0] == definition
        )

    async def _members(
        self, keys: dict[bytes, int], *, sets: bool = False
    ) -> list[tuple[bytes, int]]:
        """Return the members of lists, or of plain sets, each with its shard."""
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            if sets:
                pipeline.smembers(key)
            else:
                pipeline.zrange(key, 0, -1)
        with translated(self._server):
            found = await pipeline.execute()
        return [
            (member, shard)
            for shard, members in zip(keys.values(), found, strict=True)
            for member in members
        ]

    async def _scored(self, names: Sequence[tuple[bytes, int]]) -> list[Entry]:
        pipeline = self._redis.pipeline(transaction=False)
        for name, shard in names:
            pipeline.zscore(self._layout.timers(shard), name)
        with translated(self._server):
            scores = await pipeline.execute()
        return sorted(
            Entry(score, name, self._layout.timers(shard))
            for (name, shard), score in zip(names, scores, strict=True)
            if score is not None
        )
