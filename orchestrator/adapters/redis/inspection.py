"""Answers what is remembered from the indexes in Redis, never from a scan. Writes nothing."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from orchestrator.adapters.redis.connection import translated
from orchestrator.adapters.redis.entries import (
    milliseconds_since_1970,
    moment_of,
    timer,
    timer_name,
    timer_prefix,
)
from orchestrator.adapters.redis.walking import Entry, Walk, walk
from orchestrator.ports import InstanceKey, OpenInstance, Timer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from redis.asyncio import Redis

    from orchestrator.adapters.redis.layout import Layout


class RedisInspection:
    """``ports.Inspection`` on the keys of one installation."""

    def __init__(self, redis: Redis, server: str, layout: Layout) -> None:
        self._redis = redis
        self._server = server
        self._layout = layout

    async def open_instances(
        self,
        *,
        definition: str | None = None,
        after: OpenInstance | None = None,
        unchanged_since: datetime | None = None,
        limit: int,
    ) -> list[OpenInstance]:
        """See ``ports.Inspection.open_instances``."""
        shards = range(self._layout.shards)
        if definition is None:
            indexes = await self._indexes(shards)
        else:
            indexes = [self._layout.open_index(shard, definition) for shard in shards]
        way = (
            Walk(inf, -inf, descending=True)
            if unchanged_since is None
            else Walk(-inf, milliseconds_since_1970(unchanged_since))
        )
        if after is not None:
            reached = self._entry(after)
            way = way._replace(begin=reached.score, after=reached)
        found: list[Entry] = []
        async for entry in walk(self._redis, self._server, indexes, way):
            found.append(entry)
            if len(found) == limit:
                break
        return await self._opened(found)

    async def remembered(self, key: str) -> list[OpenInstance]:
        """See ``ports.Inspection.remembered``."""
        member = key.encode()
        indexes = sorted(await self._indexes([self._layout.shard(key)]))
        pipeline = self._redis.pipeline(transaction=False)
        for index in indexes:
            pipeline.zscore(index, member)
        with translated(self._server):
            scores = await pipeline.execute()
        listed = zip(indexes, scores, strict=True)
        return await self._opened(
            [Entry(score, member, index) for index, score in listed if score is not None]
        )

    async def timers(
        self,
        *,
        definition: str | None = None,
        key: str | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> list[Timer]:
        """See ``ports.Inspection.timers``."""
        layout = self._layout
        shards = range(layout.shards) if key is None else [layout.shard(key)]
        way = Walk(-inf, inf if until is None else milliseconds_since_1970(until))
        prefix = timer_prefix(definition)
        found: list[Timer] = []
        names = [layout.timers(shard) for shard in shards]
        async for entry in walk(self._redis, self._server, names, way):
            if not entry.member.startswith(prefix):
                continue
            read = timer(entry.member, entry.score)
            if key in (None, read.at.key):
                found.append(read)
            if len(found) == limit:
                break
        return found

    async def _indexes(self, shards: Iterable[int]) -> list[bytes]:
        """Return the names of the indexes that have members."""
        pipeline = self._redis.pipeline(transaction=False)
        for shard in shards:
            pipeline.smembers(self._layout.open_indexes(shard))
        with translated(self._server):
            found = await pipeline.execute()
        return [index for indexes in found for index in indexes]

    async def _opened(self, entries: Sequence[Entry]) -> list[OpenInstance]:
        """Complete what the indexes say by the timers, in one round trip."""
        named = [
            InstanceKey(self._layout.indexed_definition(entry.name), entry.member.decode())
            for entry in entries
        ]
        pipeline = self._redis.pipeline(transaction=False)
        for at in named:
            pipeline.zscore(self._layout.timers(self._layout.shard(at.key)), timer_name(at))
        with translated(self._server):
            due = await pipeline.execute()
        return [
            OpenInstance(at, moment_of(entry.score), None if ms is None else moment_of(ms))
            for at, entry, ms in zip(named, entries, due, strict=True)
        ]

    def _entry(self, found: OpenInstance) -> Entry:
        at = found.at
        index = self._layout.open_index(self._layout.shard(at.key), at.definition)
        return Entry(milliseconds_since_1970(found.changed), at.key.encode(), index)
