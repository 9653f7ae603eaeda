"""Names of the keys in Redis, all of a correlation key's in one slot. Talks to nobody."""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

from orchestrator.core.status import Status

if TYPE_CHECKING:
    from orchestrator.ports import InstanceKey


class Layout:
    """Key names of one installation, and for how long and how many of what is kept in a shard.

    Args:
        namespace: first part of every name.
        shards: how many parts the key space has.
        window_seconds: the dedupe window; markers are kept in one set per window and shard.
        retention_seconds: how long finished instances are known.
        retained: how many of them at most, in all shards together.
    """

    def __init__(
        self,
        namespace: str,
        shards: int,
        *,
        window_seconds: int,
        retention_seconds: int,
        retained: int,
    ) -> None:
        self.shards = shards
        self.marker_seconds = 2 * window_seconds
        self.retention_ms = 1000 * retention_seconds
        self.retained = max(1, retained // shards)
        self.installation_epoch = f"{namespace}:epoch".encode()
        self.definitions = f"{namespace}:definitions".encode()
        self.beat = f"{namespace}:beat".encode()
        self._window_seconds = window_seconds
        self._prefixes = [f"{namespace}:{{{shard}}}:".encode() for shard in range(shards)]

    def shard(self, key: str) -> int:
        """Return the shard of a correlation key."""
        return crc32(key.encode()) % self.shards

    def epoch(self, shard: int) -> bytes:
        """Return the name of the shard's copy of the epoch."""
        return self._prefixes[shard] + b"epoch"

    def outbox(self, shard: int) -> bytes:
        """Return the name of the shard's outbox: hash of reaction id -> entry."""
        return self._prefixes[shard] + b"outbox"

    def timers(self, shard: int) -> bytes:
        """Return the name of the shard's timers: sorted set by due time in ms."""
        return self._prefixes[shard] + b"timers"

    def revisions(self, shard: int) -> bytes:
        """Return the name of the hash (definition, revision) -> number of open instances."""
        return self._prefixes[shard] + b"revisions"

    def open_index(self, shard: int, definition: str, status: Status) -> bytes:
        """Return the name of the index of open instances: sorted set by last change in ms."""
        prefix = self._prefixes[shard]
        return b"%sopen:%s:%s" % (prefix, definition.encode(), status.encode())

    def later_index(self, shard: int, definition: str, status: Status) -> bytes:
        """Return the name of the index of a definition's kept messages: the same, by id and key."""
        prefix = self._prefixes[shard]
        return b"%slater:%s:%s" % (prefix, definition.encode(), status.encode())

    @staticmethod
    def indexed(index: bytes) -> tuple[str, Status]:
        """Return the definition and the status whose open instances an index holds."""
        definition, _, status = index.rpartition(b"}:open:")[2].decode().partition(":")
        return definition, Status(status)

    def finished(self, shard: int, *, kept: bool) -> bytes:
        """Return the name of the list of finished instances: sorted set by end in ms.

        Those whose last state is kept are listed apart, so that many others do not displace them.
        """
        return self._prefixes[shard] + (b"kept" if kept else b"finished")

    def instance(self, at: InstanceKey) -> bytes:
        """Return the name of an instance, or of a message that is kept for later."""
        prefix = self._prefixes[self.shard(at.key)]
        if at.part:
            return b"%sl:%s" % (prefix, at.message.encode())
        return b"%si:%s:%s" % (prefix, at.definition.encode(), at.key.encode())

    def pieces(self, at: InstanceKey) -> bytes:
        """Return the name of the pieces of an instance: hash of name -> state."""
        return self._of(b"p", at)

    def piece_timers(self, at: InstanceKey) -> bytes:
        """Return the name of the set that names the timers of an instance's pieces."""
        return self._of(b"t", at)

    def last_state(self, at: InstanceKey) -> bytes:
        """Return the name of what is kept of an instance that has ended."""
        return self._of(b"f", at)

    def last_pieces(self, at: InstanceKey) -> bytes:
        """Return the name of the pieces of an instance that has ended."""
        return self._of(b"fp", at)

    def _of(self, kind: bytes, at: InstanceKey) -> bytes:
        prefix = self._prefixes[self.shard(at.key)]
        return b"%s%s:%s:%s" % (prefix, kind, at.definition.encode(), at.key.encode())

    def claim(self, name: str) -> bytes:
        """Return the name of what somebody claimed under a name of theirs."""
        return b"%sclaim:%s" % (self._prefixes[self.shard(name)], name.encode())

    def bucket(self, timestamp: float) -> int:
        """Return the number of the dedupe window a moment (seconds since 1970) falls into."""
        return int(timestamp // self._window_seconds)

    def seen(self, shard: int, bucket: int) -> list[bytes]:
        """Return the names of the marker sets of this window, the one before and the next."""
        prefix = self._prefixes[shard]
        return [b"%sseen:%d" % (prefix, each) for each in (bucket, bucket - 1, bucket + 1)]
