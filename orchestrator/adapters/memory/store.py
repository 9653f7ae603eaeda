"""The store in memory: the contract without a server, for tests. Durable for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance
from orchestrator.ports import (
    Commit,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    OutboxEntry,
    Settlement,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from orchestrator.core.ids import ReactionId


class MemoryStore:
    """``ports.Store`` in dictionaries. Markers are kept for ever."""

    def __init__(self) -> None:
        self._markers: set[ReactionId] = set()
        self._instances: dict[InstanceKey, Instance] = {}
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
        write = commit.write
        if write is not None:
            instance = self._instances.get(write.at)
            if (instance.version if instance else None) != write.expected:
                return Conflict()
            if write.state is None:
                self._instances.pop(write.at, None)
            else:
                self._instances[write.at] = Instance(commit.reactions[-1].id, write.state)
        for reaction in commit.reactions:
            self._markers.add(reaction.id)
            if reaction.messages:
                settlement = Settlement(commit.key, reaction.id)
                self._outbox[reaction.id] = OutboxEntry(settlement, reaction.messages, now)
        return Committed()

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
