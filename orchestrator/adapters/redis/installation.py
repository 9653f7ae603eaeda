"""Whether this Redis keeps what it confirms, and still has what we wrote."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from orchestrator.adapters.redis.connection import translated
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from orchestrator.adapters.redis.layout import Layout

REQUIRED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


class Installation:
    """Our data on one server, recognised by an epoch and a beat.

    The epoch is written once, to every shard, and compared by every commit: an empty server cannot
    be mistaken for ours. The beat only grows: a server that came back from an old copy shows a
    smaller one.

    Attributes:
        epoch: what the server must show; empty until the first `verify`.
        lost: whether the last `verify` found that data are gone.
    """

    def __init__(self, redis: Redis, server: str, layout: Layout, *, allow_weak: bool) -> None:
        self.epoch = b""
        self.lost = False
        self._redis: Any = redis
        self._server = server
        self._layout = layout
        self._allow_weak = allow_weak
        self._beat = 0

    async def verify(self) -> list[str]:
        """See ``ports.Store.verify``."""
        weaknesses = await self.inspect()
        with translated(self._server):
            await (self._insist() if self.epoch else self._agree())
            self._beat = int(await self._redis.incr(self._layout.beat))
        return weaknesses

    async def inspect(self) -> list[str]:
        """Check the server's settings, and that it takes writes: see ``ports.Store.verify``.

        Nothing is written: that would need more than no bytes.
        """
        with translated(self._server):
            weaknesses = await self._weaknesses()
            await self._redis.setrange(self._layout.beat, 0, b"")
        if weaknesses and not self._allow_weak:
            raise Misconfigured(
                f"Redis at {self._server} can lose what it confirmed: {'; '.join(weaknesses)}."
                " Set these in redis.conf or by CONFIG SET, or accept the loss with"
                " ORCHESTRATOR_REDIS_ALLOW_WEAK=1"
            )
        return [f"Redis at {self._server} can lose commits: {weakness}" for weakness in weaknesses]

    def lost_data(self) -> Misconfigured:
        """Return the error that says this is not the data we wrote."""
        return Misconfigured(
            f"Redis at {self._server} came back empty or older than it was: markers, open instances"
            " and unsent commands may be gone. Restore it, or restart this daemon to go on with"
            " what is there (events of the last hours may then be reacted to twice)"
        )

    async def _weaknesses(self) -> list[str]:
        try:
            found = await self._redis.config_get(*REQUIRED)
        except ResponseError as error:
            return [f"its settings cannot be read ({error})"]
        actual = {_text(name): _text(value) for name, value in found.items()}
        return [
            f"{name} is {actual.get(name, 'unknown')}, must be {wanted}"
            for name, wanted in REQUIRED.items()
            if actual.get(name) != wanted
        ]

    async def _agree(self) -> None:
        """Write the epoch where there is none yet, and take over the one that is there.

        The shards always follow the installation's: where they differ, data was lost in part, and
        whoever still knows the shards' old epoch is to notice.
        """
        shards = self._layout.shards
        key = self._layout.installation_epoch
        await self._redis.set(key, f"{token_hex(8)}/{shards}", nx=True)
        epoch: bytes = await self._redis.get(key)
        self._refuse_others(epoch)
        pipeline = self._redis.pipeline(transaction=False)
        for shard in range(shards):
            pipeline.set(self._layout.epoch(shard), epoch)
        await pipeline.execute()
        self.epoch = epoch

    async def agree(self) -> None:
        """Refuse a number of shards that is not that of the data. Writes nothing."""
        with translated(self._server):
            epoch = await self._redis.get(self._layout.installation_epoch)
        if epoch is not None:
            self._refuse_others(epoch)

    def _refuse_others(self, epoch: bytes) -> None:
        shards, written = self._layout.shards, int(epoch.rpartition(b"/")[2])
        if written != shards:
            raise Misconfigured(
                f"the data in Redis at {self._server} lies in {written} shards, but"
                f" ORCHESTRATOR_SHARDS is {shards}: set it to {written}, or start anew"
                " under another ORCHESTRATOR_NAMESPACE"
            )

    async def _insist(self) -> None:
        # Two keys in two slots: a cluster refuses one command for both.
        epoch = await self._redis.get(self._layout.installation_epoch)
        beat = await self._redis.get(self._layout.beat)
        self.lost = epoch != self.epoch or int(beat or 0) < self._beat
        if self.lost:
            raise self.lost_data()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
