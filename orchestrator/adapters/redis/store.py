"""The durable store on Redis: one script call per shard commits, and keeps the outbox."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.redis.calls import Call
from orchestrator.adapters.redis.connection import address, connect, translated
from orchestrator.adapters.redis.entries import (
    LATER,
    definition_entry,
    instance,
    milliseconds_since_1970,
    read_definition,
    read_outbox_entry,
    read_pieces,
    read_revision_name,
    timer,
)
from orchestrator.adapters.redis.inspection import RedisInspection
from orchestrator.adapters.redis.installation import Installation
from orchestrator.adapters.redis.layout import Layout
from orchestrator.adapters.redis.script import CommitScript
from orchestrator.core.decision import NO_PARTS
from orchestrator.core.ids import ReactionId
from orchestrator.ports import (
    NOTHING,
    Commit,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    KeptDefinition,
    OutboxEntry,
    Settlement,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from orchestrator.core.decision import Instance


SCAN_COUNT = 500


class RedisStore:
    """``ports.Store`` on Redis 7 or later.

    Args:
        url: where Redis is.
        namespace: first part of every key, so that installations can share a server.
        shards: how many parts the key space has; must not change while data exists.
        dedupe: how long a marker is kept at least.
        retention: how long finished instances are known.
        retained: how many of them at most; of those whose last state is kept as many again.
        allow_weak: accept a server that can lose commits, and say so in `verify`.

    Attributes:
        inspection: what is remembered, as lists for people.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        url: str,
        *,
        namespace: str,
        shards: int = 64,
        dedupe: timedelta = timedelta(hours=24),
        retention: timedelta = timedelta(hours=24),
        retained: int = 100_000,
        allow_weak: bool = False,
    ) -> None:
        self._redis: Any = connect(url)
        self._server = address(url)
        self._layout = Layout(
            namespace,
            shards,
            window_seconds=int(dedupe.total_seconds()),
            retention_seconds=int(retention.total_seconds()),
            retained=retained,
        )
        self._installation = Installation(
            self._redis, self._server, self._layout, allow_weak=allow_weak
        )
        self._script = CommitScript(url, self._installation)
        self.inspection = RedisInspection(self._redis, self._server, self._layout)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._script.close()

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        """See ``ports.Store.load``."""
        if not instances:
            return []
        # A piece is of the same commit as its instance; without pieces nothing has to fit together.
        layout, pipeline = self._layout, self._redis.pipeline(transaction=bool(pieces))
        by_shard = self._by_shard(instances)
        for indices in by_shard.values():
            pipeline.mget([layout.instance(instances[index]) for index in indices])
        for at, names in pieces.items():
            if names:
                pipeline.hmget(layout.pieces(at), names)
            else:
                pipeline.hgetall(layout.pieces(at))
        with translated(self._server):
            answers = await pipeline.execute()
        parts = {
            at: read_pieces(names, answer)
            for (at, names), answer in zip(pieces.items(), answers[len(by_shard) :], strict=True)
        }
        loaded: list[Instance | None] = [None] * len(instances)
        for indices, values in zip(by_shard.values(), answers, strict=False):
            for index, value in zip(indices, values, strict=True):
                loaded[index] = instance(value, parts.get(instances[index], NO_PARTS))
        return loaded

    async def ended(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """See ``ports.Store.ended``."""
        return await self.inspection.last_states(instances)

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """See ``ports.Store.reacted``."""
        return await self.inspection.reacted(reactions, now)

    async def claim(self, name: str, content: bytes) -> bytes:
        """See ``ports.Store.claim``."""
        layout = self._layout
        with translated(self._server):
            first: bytes | None = await self._redis.set(
                layout.claim(name), content, ex=layout.marker_seconds, nx=True, get=True
            )
        return content if first is None else first

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        """See ``ports.Store.commit``: one script call per shard, all in one round trip."""
        if not self._installation.epoch or self._installation.lost:
            await self.verify()
        layout, epoch = self._layout, self._installation.epoch
        by_shard = self._by_shard(commits)
        calls = []
        for shard, indices in by_shard.items():
            call = Call(layout, epoch, shard, now)
            for index in indices:
                call.add(commits[index])
            calls.append(call.complete())
        replies = await self._script.run(calls)
        results: list[CommitResult] = [Committed()] * len(commits)
        for indices, reply in zip(by_shard.values(), replies, strict=True):
            for index, answer in zip(indices, reply, strict=True):
                if answer != 1:
                    results[index] = _result(answer)
        return results

    def _by_shard(self, keyed: Sequence[InstanceKey | Commit]) -> dict[int, list[int]]:
        """Return the positions of what lives in each shard, in order."""
        by_shard: dict[int, list[int]] = {}
        for index, each in enumerate(keyed):
            by_shard.setdefault(self._layout.shard(each.key), []).append(index)
        return by_shard

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """See ``ports.Store.due``: one range of each shard, in one round trip."""
        per_shard = limit // self._layout.shards + 1
        pipeline = self._redis.pipeline(transaction=False)
        for shard in range(self._layout.shards):
            timers = self._layout.timers(shard)
            latest = int(now.timestamp() * 1000)
            pipeline.zrange(
                timers, "-inf", latest, byscore=True, offset=0, num=per_shard, withscores=True
            )
        with translated(self._server):
            ranges = await pipeline.execute()
        # A shard that was cut may have more behind its last one: others must not overtake it.
        cut = [found[-1][1] for found in ranges if len(found) == per_shard]
        horizon = min(cut, default=float("inf"))
        found = [entry for entries in ranges for entry in entries if entry[1] <= horizon]
        return [timer(name, due_ms) for name, due_ms in sorted(found, key=itemgetter(1, 0))]

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """See ``ports.Store.settle``."""
        by_shard: dict[int, list[ReactionId]] = {}
        for settlement in settlements:
            by_shard.setdefault(self._layout.shard(settlement.key), []).append(settlement.id)
        if not by_shard:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for shard, ids in by_shard.items():
            pipeline.hdel(self._layout.outbox(shard), *ids)
        with translated(self._server):
            await pipeline.execute()

    async def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        """See ``ports.Store.outbox``. Looks only into shards where something waits."""
        sizes = await self._outbox_sizes()
        for shard in (shard for shard, size in enumerate(sizes) if size):
            with translated(self._server):
                entries = [
                    entry
                    async for entry in self._redis.hscan_iter(
                        self._layout.outbox(shard), count=SCAN_COUNT
                    )
                ]
            for reaction, value in dict(entries).items():
                entry = read_outbox_entry(reaction, value)
                if entry.committed_at < committed_before:
                    yield entry

    async def outbox_size(self) -> int:
        """See ``ports.Store.outbox_size``."""
        return sum(await self._outbox_sizes())

    async def _outbox_sizes(self) -> list[int]:
        pipeline = self._redis.pipeline(transaction=False)
        for shard in range(self._layout.shards):
            pipeline.hlen(self._layout.outbox(shard))
        with translated(self._server):
            sizes: list[int] = await pipeline.execute()
        return sizes

    async def open_revisions(self) -> Mapping[tuple[str, str], int]:
        """See ``ports.Store.open_revisions``."""
        pipeline = self._redis.pipeline(transaction=False)
        for shard in range(self._layout.shards):
            pipeline.hgetall(self._layout.revisions(shard))
        with translated(self._server):
            found = await pipeline.execute()
        total: Counter[tuple[str, str]] = Counter()
        for counts in found:
            total.update({read_revision_name(name): int(number) for name, number in counts.items()})
        return {revision: number for revision, number in total.items() if revision[1] != LATER}

    async def put_definitions(self, texts: Mapping[str, str], now: datetime) -> None:
        """See ``ports.Store.put_definitions``."""
        if not texts:
            return
        put_ms = milliseconds_since_1970(now)
        entries = {revision: definition_entry(text, put_ms) for revision, text in texts.items()}
        with translated(self._server):
            await self._redis.hset(self._layout.definitions, mapping=entries)

    async def definitions(self) -> Mapping[str, KeptDefinition]:
        """See ``ports.Store.definitions``."""
        with translated(self._server):
            found = await self._redis.hgetall(self._layout.definitions)
        return {revision.decode(): read_definition(entry) for revision, entry in found.items()}

    async def drop_definitions(self, revisions: Collection[str]) -> None:
        """See ``ports.Store.drop_definitions``."""
        if revisions:
            with translated(self._server):
                await self._redis.hdel(self._layout.definitions, *revisions)

    async def inspect(self) -> list[str]:
        """Do what `verify` does about the server itself; write nothing."""
        return await self._installation.inspect()

    async def verify(self) -> list[str]:
        """See ``ports.Store.verify``."""
        return await self._installation.verify()

    async def agree(self) -> None:
        """Do what `verify` does about the number of shards; write nothing."""
        await self._installation.agree()

    async def server_version(self) -> str:
        """Return the server's version, such as ``7.0.15``.

        Raises:
            Unavailable: it cannot be reached.
            Misconfigured: it refuses us.
        """
        with translated(self._server):
            found = await self._redis.info("server")
        return str(found["redis_version"])


def _result(answer: int | list[bytes]) -> CommitResult:
    if isinstance(answer, int):
        return Conflict()
    return Duplicate(
        done={
            ReactionId(reaction): read_outbox_entry(reaction, entry).messages if entry else ()
            for reaction, entry in zip(answer[::2], answer[1::2], strict=True)
        }
    )
