"""The store in memory: the contract without a server, for tests. Durable for nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from operator import gt, lt
from typing import TYPE_CHECKING

from orchestrator.adapters.memory.graveyard import Graveyard, grave_order
from orchestrator.core.decision import Instance
from orchestrator.core.status import Status
from orchestrator.ports import (
    NOTHING,
    Commit,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    FinishedInstance,
    InstanceKey,
    InstanceWrite,
    KeptDefinition,
    OpenInstance,
    OutboxEntry,
    Settlement,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Part
    from orchestrator.core.ids import ReactionId


RETENTION = timedelta(hours=24)
RETAINED = 100_000


class MemoryStore:
    """``ports.Store`` and ``ports.Inspection`` in dictionaries. Markers are kept for ever.

    Args:
        retention: how long finished instances are known.
        retained: how many of them at most.
    """

    def __init__(self, retention: timedelta = RETENTION, retained: int = RETAINED) -> None:
        self._markers: set[ReactionId] = set()
        self._instances: dict[InstanceKey, Instance] = {}
        self._pieces: dict[InstanceKey, dict[str, bytes]] = {}
        self._changes: dict[InstanceKey, datetime] = {}
        self._timers: dict[InstanceKey, datetime] = {}
        self._outbox: dict[ReactionId, OutboxEntry] = {}
        self._definitions: dict[str, KeptDefinition] = {}
        self._graves = Graveyard(retention, retained)
        self._claims: dict[str, bytes] = {}

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        """See ``ports.Store.load``."""
        return [self._load(at, pieces.get(at)) for at in instances]

    def _load(self, at: InstanceKey, wanted: Sequence[str] | None) -> Instance | None:
        found = self._instances.get(at)
        if found is None or wanted is None:
            return found
        kept = self._pieces.get(at, {})
        return replace(
            found, parts={name: kept[name] for name in wanted or sorted(kept) if name in kept}
        )

    async def ended(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """See ``ports.Store.ended``."""
        return [self._graves.last_state(at) for at in instances]

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
        if commit.timer is not None:
            del self._timers[commit.timer.at]
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
        return all(map(self._is_as_expected, commit.writes))

    def _is_as_expected(self, write: InstanceWrite) -> bool:
        found, expected = self._instances.get(write.at), write.expected
        if write.recalled is not None:
            if found is not None:
                return False
            found, expected = self._graves.last_state(write.at), write.recalled
        return (found and found.version) == (expected and expected.version)

    def _write(self, write: InstanceWrite, version: ReactionId, now: datetime) -> None:
        at, status = write.at, write.status
        if status is None:
            return
        for part in write.parts:
            self._write_part(at, part)
        for kept in (self._instances, self._changes, self._timers):
            kept.pop(at, None)
        state = b"" if write.state is None else write.state
        instance = Instance(version, state, status, write.revision, parted=write.parted)
        if not status.final:
            self._instances[at] = instance
            if not at.part:
                self._changes[at] = _whole_millisecond(now)
            self._set_timer(at, write.due)
        elif not at.part:
            pieces = self._pieces.pop(at, {})
            for timer in [timer for timer in self._timers if timer.head == at and timer.piece]:
                del self._timers[timer]
            last = None if write.state is None else replace(instance, parts=pieces)
            self._graves.bury(at, instance, last, _whole_millisecond(now))

    def _write_part(self, at: InstanceKey, part: Part) -> None:
        kept = self._pieces.setdefault(at, {})
        if part.state is None:
            kept.pop(part.name, None)
        else:
            kept[part.name] = part.state
        self._set_timer(at.of_piece(part.name), part.due)

    def _set_timer(self, at: InstanceKey, due: datetime | None) -> None:
        self._timers.pop(at, None)
        if due is not None:
            self._timers[at] = _next_millisecond(due)

    async def claim(self, name: str, content: bytes) -> bytes:
        """See ``ports.Store.claim``."""
        return self._claims.setdefault(name, content)

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

    async def open_revisions(self) -> Mapping[tuple[str, str], int]:
        """See ``ports.Store.open_revisions``."""
        return Counter((at.definition, self._instances[at].revision) for at in self._changes)

    async def put_definitions(self, texts: Mapping[str, str], now: datetime) -> None:
        """See ``ports.Store.put_definitions``."""
        for revision, text in texts.items():
            self._definitions[revision] = KeptDefinition(text, now)

    async def definitions(self) -> Mapping[str, KeptDefinition]:
        """See ``ports.Store.definitions``."""
        return dict(self._definitions)

    async def drop_definitions(self, revisions: Collection[str]) -> None:
        """See ``ports.Store.drop_definitions``."""
        for revision in revisions:
            self._definitions.pop(revision, None)

    async def verify(self) -> list[str]:
        """See ``ports.Store.verify``."""
        return []

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
        ordered = sorted(map(self._open, self._changes), key=_place, reverse=not unchanged_since)
        if unchanged_since is not None:
            ordered = [found for found in ordered if found.changed <= unchanged_since]
        if after is not None:
            past = gt if unchanged_since else lt
            ordered = [found for found in ordered if past(_place(found), _place(after))]
        return [
            found
            for found in ordered
            if (definitions is None or found.at.definition in definitions)
            and status in (None, found.status)
        ][:limit]

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
        return [
            found
            for found in self._graves.listed()
            if definition in (None, found.at.definition)
            and status in (None, found.status)
            and key in (None, found.at.key)
            and (after is None or grave_order(found) < grave_order(after))
        ][:limit]

    async def last_state(self, at: InstanceKey) -> Instance | None:
        """See ``ports.Inspection.last_state``."""
        return self._graves.last_state(at)

    async def remembered(self, key: str) -> list[OpenInstance]:
        """See ``ports.Inspection.remembered``."""
        return [self._open(at) for at in sorted(self._changes, key=_name) if at.key == key]

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """See ``ports.Inspection.reacted``."""
        del now
        return frozenset(found for _, found in reactions if found in self._markers)

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
        ordered = sorted((Timer(at, due) for at, due in self._timers.items()), key=_timer_order)
        return [
            timer
            for timer in ordered
            if definition in (None, timer.at.definition)
            and key in (None, timer.at.key)
            and (until is None or timer.due <= until)
            and (after is None or _timer_order(timer) > _timer_order(after))
        ][:limit]

    async def failed_messages(self) -> list[InstanceKey]:
        """See ``ports.Inspection.failed_messages``."""
        found = [
            at
            for at, instance in self._instances.items()
            if at.message and instance.status is Status.INCIDENT
        ]
        return sorted(found, key=_message_order)

    def _open(self, at: InstanceKey) -> OpenInstance:
        status = self._instances[at].status
        return OpenInstance(at, self._changes[at], self._timers.get(at), status)


def _place(found: OpenInstance) -> tuple[datetime, bytes, bytes]:
    return (found.changed, found.at.key.encode(), found.at.definition.encode())


def _name(at: InstanceKey) -> bytes:
    return at.definition.encode()


def _next_millisecond(moment: datetime) -> datetime:
    """Round up, as a store does that keeps milliseconds: no timer fires early."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)


def _whole_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _timer_order(timer: Timer) -> tuple[datetime, str, str, str]:
    at = timer.at
    return (timer.due, at.definition, at.key, at.part)


def _message_order(at: InstanceKey) -> tuple[str, str, str]:
    return (at.definition, at.key, at.part)
