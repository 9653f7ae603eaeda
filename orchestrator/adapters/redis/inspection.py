"""Answers what is remembered from the indexes in Redis, never from a scan. Writes nothing."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.redis.connection import translated
from orchestrator.adapters.redis.entries import (
    finished_name,
    instance,
    milliseconds,
    milliseconds_since_1970,
    moment_of,
    read_finished,
    read_kept_name,
    read_pieces,
    read_revision_name,
    timer,
    timer_name,
    timer_prefix,
)
from orchestrator.adapters.redis.timers import TimersOfOne
from orchestrator.adapters.redis.walking import Entry, Walk, walk
from orchestrator.core.status import OPEN, Status
from orchestrator.ports import FinishedInstance, InstanceKey, OpenInstance, Timer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from datetime import datetime

    from redis.asyncio import Redis

    from orchestrator.adapters.redis.layout import Layout
    from orchestrator.core.decision import Instance
    from orchestrator.core.ids import ReactionId


class RedisInspection:
    """``ports.Inspection`` on the keys of one installation."""

    def __init__(self, redis: Redis, server: str, layout: Layout) -> None:
        self._redis = redis
        self._server = server
        self._layout = layout
        self._timers_of_one = TimersOfOne(redis, server, layout)

    async def open_instances(
        self,
        *,
        definitions: Collection[str] | None = None,
        status: Status | None = None,
        after: OpenInstance | None = None,
        unchanged_since: datetime | None = None,
        limit: int,
    ) -> list[OpenInstance]:
        """See ``ports.Inspection.open_instances``."""
        indexes = await self._indexes(range(self._layout.shards), definitions, status)
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

    async def finished(
        self,
        *,
        definition: str | None = None,
        status: Status | None = None,
        key: str | None = None,
        after: FinishedInstance | None = None,
        limit: int,
    ) -> list[FinishedInstance]:
        """See ``ports.Inspection.finished``."""
        layout = self._layout
        shards = range(layout.shards) if key is None else [layout.shard(key)]
        lists = {
            layout.finished(shard, kept=kept): kept for shard in shards for kept in (False, True)
        }
        way = Walk(inf, -inf, descending=True)
        if after is not None:
            name = finished_name(after.at, after.status, after.revision)
            list_name = layout.finished(layout.shard(after.at.key), kept=after.kept)
            reached = Entry(milliseconds_since_1970(after.ended), name, list_name)
            way = way._replace(begin=reached.score, after=reached)
        prefix = b"" if definition is None else definition.encode() + b"/"
        found: list[FinishedInstance] = []
        async for entry in walk(self._redis, self._server, list(lists), way):
            if not entry.member.startswith(prefix):
                continue
            read = read_finished(entry.member, entry.score, kept=lists[entry.name])
            if status in (None, read.status) and key in (None, read.at.key):
                found.append(read)
            if len(found) == limit:
                break
        return found

    async def last_state(self, at: InstanceKey) -> Instance | None:
        """See ``ports.Inspection.last_state``."""
        (found,) = await self.last_states((at,))
        return found

    async def last_states(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """Return the same for several, in one round trip, each with the pieces of its own end."""
        pipeline = self._redis.pipeline(transaction=True)
        for at in instances:
            pipeline.get(self._layout.last_state(at))
            pipeline.hgetall(self._layout.last_pieces(at))
        with translated(self._server):
            found = await pipeline.execute()
        return [
            instance(value, read_pieces((), pieces))
            for value, pieces in zip(found[::2], found[1::2], strict=True)
        ]

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

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """See ``ports.Inspection.reacted``: one round trip."""
        layout = self._layout
        bucket = layout.bucket(now.timestamp())
        pipeline: Any = self._redis.pipeline(transaction=False)
        for key, reaction in reactions:
            for seen in layout.seen(layout.shard(key), bucket):
                pipeline.sismember(seen, reaction)
        with translated(self._server):
            answers = await pipeline.execute() if reactions else []
        each = len(layout.seen(0, bucket))
        found = [any(answers[i : i + each]) for i in range(0, len(answers), each)]
        known = zip(reactions, found, strict=True)
        return frozenset(reaction for (_, reaction), is_there in known if is_there)

    async def timers(
        self,
        *,
        definition: str | None = None,
        key: str | None = None,
        until: datetime | None = None,
        after: Timer | None = None,
        limit: int | None = None,
    ) -> list[Timer]:
        """See ``ports.Inspection.timers``."""
        layout = self._layout
        shards = list(range(layout.shards)) if key is None else [layout.shard(key)]
        way = Walk(-inf, inf if until is None else milliseconds_since_1970(until))
        if after is not None:
            reached = self._timer_entry(after)
            way = way._replace(begin=reached.score, after=reached)
        prefix = timer_prefix(definition)
        found: list[Timer] = []
        async for entry in self._timer_entries(definition, shards, way):
            if not entry.member.startswith(prefix):
                continue
            read = timer(entry.member, entry.score)
            if key in (None, read.at.key):
                found.append(read)
            if len(found) == limit:
                break
        return found

    async def _timer_entries(
        self, definition: str | None, shards: Sequence[int], way: Walk
    ) -> AsyncIterator[Entry]:
        """Yield timers in order: those of the definition if they are few, else all."""
        few = None if definition is None else await self._timers_of_one.find(definition, shards)
        if few is None:
            names = [self._layout.timers(shard) for shard in shards]
            async for entry in walk(self._redis, self._server, names, way):
                yield entry
            return
        for entry in few:
            if entry.score <= way.end and (way.after is None or entry > way.after):
                yield entry

    async def failed_messages(self) -> list[InstanceKey]:
        """See ``ports.Inspection.failed_messages``."""
        known = await self._known(range(self._layout.shards))
        indexes = [
            (each, self._layout.later_index(shard, each, Status.INCIDENT))
            for shard, definitions in known.items()
            for each in sorted(definitions)
        ]
        pipeline = self._redis.pipeline(transaction=False)
        for _, index in indexes:
            pipeline.zrange(index, 0, -1)
        with translated(self._server):
            members = await pipeline.execute()
        found = [
            read_kept_name(definition, name)
            for (definition, _), names in zip(indexes, members, strict=True)
            for name in names
        ]
        return sorted(found, key=lambda at: (at.definition, at.key, at.part))

    async def _known(self, shards: Sequence[int]) -> dict[int, set[str]]:
        """Return the definitions that have open instances or kept messages, by shard."""
        pipeline = self._redis.pipeline(transaction=False)
        for shard in shards:
            pipeline.hkeys(self._layout.revisions(shard))
        with translated(self._server):
            found = await pipeline.execute()
        return {
            shard: {read_revision_name(name)[0] for name in names}
            for shard, names in zip(shards, found, strict=True)
        }

    async def _indexes(
        self,
        shards: Sequence[int],
        definitions: Collection[str] | None = None,
        status: Status | None = None,
    ) -> list[bytes]:
        """Return the names of the indexes of definitions, or of all that have open instances."""
        wanted = OPEN if status is None else (status,)
        known = await self._known(shards) if definitions is None else {}
        return [
            self._layout.open_index(shard, name, each)
            for shard in shards
            for name in (known[shard] if definitions is None else definitions)
            for each in wanted
        ]

    async def _opened(self, entries: Sequence[Entry]) -> list[OpenInstance]:
        """Complete what the indexes say by the timers, in one round trip."""
        named = []
        for entry in entries:
            definition, status = self._layout.indexed(entry.name)
            named.append((InstanceKey(definition, entry.member.decode()), status))
        pipeline = self._redis.pipeline(transaction=False)
        for at, _ in named:
            pipeline.zscore(self._layout.timers(self._layout.shard(at.key)), timer_name(at))
        with translated(self._server):
            due = await pipeline.execute()
        return [
            OpenInstance(at, moment_of(entry.score), None if ms is None else moment_of(ms), status)
            for (at, status), entry, ms in zip(named, entries, due, strict=True)
        ]

    def _entry(self, found: OpenInstance) -> Entry:
        at = found.at
        index = self._layout.open_index(self._layout.shard(at.key), at.definition, found.status)
        return Entry(milliseconds_since_1970(found.changed), at.key.encode(), index)

    def _timer_entry(self, found: Timer) -> Entry:
        index = self._layout.timers(self._layout.shard(found.at.key))
        return Entry(milliseconds(found.due), timer_name(found.at), index)
