"""Names of the keys in Redis, all of a correlation key's in one slot. Talks to nobody."""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.ports import InstanceKey


class Layout:
    """Key names of one installation.

    Args:
        namespace: first part of every name.
        shards: how many parts the key space has.
        window_seconds: the dedupe window; markers are kept in one set per window and shard.
    """

    def __init__(self, namespace: str, shards: int, window_seconds: int) -> None:
        self.shards = shards
        self.marker_seconds = 2 * window_seconds
        self.installation_epoch = f"{namespace}:epoch".encode()
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

    def open_index(self, shard: int, definition: str) -> bytes:
        """Return the name of a definition's open instances: sorted set by last change in ms."""
        return b"%sopen:%s" % (self._prefixes[shard], definition.encode())

    def open_indexes(self, shard: int) -> bytes:
        """Return the name of the set that names the shard's open indexes: those with members."""
        return self._prefixes[shard] + b"open"

    @staticmethod
    def indexed_definition(index: bytes) -> str:
        """Return the definition whose open instances an index holds."""
        return index.rpartition(b"}:open:")[2].decode()

    def instance(self, at: InstanceKey) -> bytes:
        """Return the name of an instance, or of a message that is sent later."""
        prefix = self._prefixes[self.shard(at.key)]
        if at.part:
            return b"%sl:%s" % (prefix, at.part.encode())
        return b"%si:%s:%s" % (prefix, at.definition.encode(), at.key.encode())

    def bucket(self, timestamp: float) -> int:
        """Return the number of the dedupe window a moment (seconds since 1970) falls into."""
        return int(timestamp // self._window_seconds)

    def seen(self, shard: int, bucket: int) -> list[bytes]:
        """Return the names of the marker sets of this window, the one before and the next."""
        prefix = self._prefixes[shard]
        return [b"%sseen:%d" % (prefix, each) for each in (bucket, bucket - 1, bucket + 1)]
