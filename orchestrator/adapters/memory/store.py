"""The store in memory: the contract without a server, for tests. Durable for nobody."""

from __future__ import annotations

from datetime import timedelta
from operator import gt, itemgetter, lt
from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance
from orchestrator.ports import (
    Commit,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    InstanceWrite,
    OpenInstance,
    OutboxEntry,
    Settlement,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from orchestrator.core.ids import ReactionId


class MemoryStore:
    """``ports.Store`` and ``ports.Inspection`` in dictionaries. Markers are kept for ever."""

    def __init__(self) -> None:
        self._markers: set[ReactionId] = set()
        self._instances: dict[InstanceKey, Instance] = {}
        self._changes: dict[InstanceKey, datetime] = {}
        self._timers: dict[InstanceKey, datetime] = {}
        self._outbox: dict[ReactionId, OutboxEntry] = {}

    async def load(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """See ``ports.Store.load``."""
        return [self._instances.get(at) for at in instances]

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        """See ``ports.Store.commit``."""
        return [self._apply(commit, now) for commit in commits]

    def _apply(self, commit: Commit, now: datetime) -> CommitResult:
        done = {
            reaction.id: self._outbox[reaction.id].messages if reaction.id in self._outbox else ()
            for reaction in commit.reactions
            if reaction.id in self._markers
        }
        if done:
            return Duplicate(done=done)
        if not self._as_expected(commit):
            return Conflict()
        for write in commit.writes:
            self._write(write, commit.reactions[-1].id, now)
        for reaction in commit.reactions:
            self._markers.add(reaction.id)
            if reaction.messages:
                settlement = Settlement(commit.key, reaction.id)
                self._outbox[reaction.id] = OutboxEntry(settlement, reaction.messages, now)
        return Committed()

    def _as_expected(self, commit: Commit) -> bool:
        timer = commit.timer
        if timer is not None and self._timers.get(timer.at) != timer.due:
            return False
        found = [(self._instances.get(write.at), write.expected) for write in commit.writes]
        return all(
            (instance.version if instance else None) == expected for instance, expected in found
        )

    def _write(self, write: InstanceWrite, version: ReactionId, now: datetime) -> None:
        for kept in (self._instances, self._changes, self._timers):
            kept.pop(write.at, None)
        if write.state is not None:
            self._instances[write.at] = Instance(version, write.state)
            if not write.at.part:
                self._changes[write.at] = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if write.due is not None:
                self._timers[write.at] = _next_millisecond(write.due)

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """See ``ports.Store.due``."""
        timers = [Timer(at, due) for at, due in self._timers.items() if due <= now]
        return sorted(timers, key=lambda timer: timer.due)[:limit]

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """See ``ports.Store.settle``."""
        for settlement in settlements:
            self._outbox.pop(settlement.id, None)

    async def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        """See ``ports.Store.outbox``."""
        for entry in tuple(self._outbox.values()):
            if entry.committed_at < committed_before:
                yield entry

    async def outbox_size(self) -> int:
        """See ``ports.Store.outbox_size``."""
        return len(self._outbox)

    async def verify(self) -> list[str]:
        """See ``ports.Store.verify``."""
        return []

    async def open_instances(
        self,
        *,
        definition: str | None = None,
        after: OpenInstance | None = None,
        unchanged_since: datetime | None = None,
        limit: int,
    ) -> list[OpenInstance]:
        """See ``ports.Inspection.open_instances``."""
        ordered = sorted(map(self._open, self._changes), key=_place, reverse=not unchanged_since)
        if unchanged_since is not None:
            ordered = [found for found in ordered if found.changed <= unchanged_since]
        if after is not None:
            past = gt if unchanged_since else lt
            ordered = [found for found in ordered if past(_place(found), _place(after))]
        return [found for found in ordered if definition in (None, found.at.definition)][:limit]

    async def remembered(self, key: str) -> list[OpenInstance]:
        """See ``ports.Inspection.remembered``."""
        return [self._open(at) for at in sorted(self._changes, key=_name) if at.key == key]

    async def timers(
        self,
        *,
        definition: str | None = None,
        key: str | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> list[Timer]:
        """See ``ports.Inspection.timers``."""
        return [
            Timer(at, due)
            for at, due in sorted(self._timers.items(), key=itemgetter(1))
            if definition in (None, at.definition)
            and key in (None, at.key)
            and (until is None or due <= until)
        ][:limit]

    def _open(self, at: InstanceKey) -> OpenInstance:
        return OpenInstance(at, self._changes[at], self._timers.get(at))


def _place(found: OpenInstance) -> tuple[datetime, bytes, bytes]:
    return (found.changed, found.at.key.encode(), found.at.definition.encode())


def _name(at: InstanceKey) -> bytes:
    return at.definition.encode()


def _next_millisecond(moment: datetime) -> datetime:
    """Round up, as a store does that keeps milliseconds: no timer fires early."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
