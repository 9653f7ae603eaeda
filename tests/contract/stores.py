"""A store of every kind, and what tests of what it remembers write into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import Status
from orchestrator.ports import Commit, InstanceWrite, Reaction

if TYPE_CHECKING:
    from orchestrator.core.decision import Part
    from orchestrator.ports import CommitResult, Inspection, InstanceKey, Store, Timer

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)
OLD, NEW = "0123456789ab", "ba9876543210"


class Memory:
    """A store, what it tells of itself, and the instances in it as the last writes left them."""

    def __init__(self, store: Store, inspection: Inspection) -> None:
        self.store = store
        self.tells = inspection
        self.instances: dict[InstanceKey, Instance] = {}
        self._names = count()

    async def write(  # noqa: PLR0913 - everything a write consists of
        self,
        at: InstanceKey,
        status: Status = Status.WAITING,
        state: bytes | None = b"{}",
        *,
        now: datetime = NOW,
        due: datetime | None = None,
        revision: str = OLD,
        parts: tuple[Part, ...] = (),
        timer: Timer | None = None,
    ) -> CommitResult:
        """Commit one write on what the last one left."""
        version = ReactionId(content_digest(b"%d" % next(self._names)))
        before = self.instances.get(at)
        change = InstanceWrite(at, before, status, state, due, revision, parts)
        commit = Commit(at.key, (Reaction(version, ()),), (change,), timer)
        (result,) = await self.store.commit([commit], now)
        if status.final:
            self.instances.pop(at, None)
        else:
            self.instances[at] = Instance(
                version, state or b"", status, revision, parted=change.parted
            )
        return result

    async def end(
        self, at: InstanceKey, status: Status = Status.COMPLETED, *, now: datetime = NOW
    ) -> CommitResult:
        """End an instance, and keep nothing of it."""
        revision = self.instances[at].revision if at in self.instances else OLD
        return await self.write(at, status, None, now=now, revision=revision)
