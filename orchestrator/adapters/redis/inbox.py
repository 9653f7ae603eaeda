"""The inbox on Redis: a string per handled message, which expires. Knows no broker."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from orchestrator.adapters.redis.connection import address, connect, translated
from orchestrator.core.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.service.inbox import Reply


class RedisInbox:
    """``service.inbox.Inbox`` on Redis 7 or later.

    Every call touches single keys, so it works on Redis Cluster as it is. As durable as the
    server's settings; the store's `verify` checks those.
    """

    def __init__(
        self, url: str, *, namespace: str, dedupe: timedelta = timedelta(hours=24)
    ) -> None:
        """Connect on first use.

        Args:
            url: where Redis is.
            namespace: first part of every key, so that installations can share a server.
            dedupe: how long a reply is kept.
        """
        self._redis = connect(url)
        self._server = address(url)
        self._prefix = f"{namespace}:inbox:"
        self._seconds = int(dedupe.total_seconds())

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def recall(self, keys: Sequence[str]) -> list[Reply | None]:
        """See ``Inbox.recall``."""
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.get(self._reply(key))
        with translated(self._server):
            values = await pipeline.execute()
        return [None if value is None else unpack(orjson.loads(value)) for value in values]

    async def remember(self, replies: Mapping[str, Reply]) -> None:
        """See ``Inbox.remember``."""
        pipeline = self._redis.pipeline(transaction=False)
        for key, reply in replies.items():
            pipeline.set(self._reply(key), pack(reply), nx=True, ex=self._seconds)
        with translated(self._server):
            await pipeline.execute()

    async def begun(self, key: str) -> int:
        """See ``Inbox.begun``."""
        with translated(self._server):
            return int(await self._redis.get(self._beginnings(key)) or 0)

    async def begin(self, key: str) -> None:
        """See ``Inbox.begin``."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.incr(self._beginnings(key))
        pipeline.expire(self._beginnings(key), self._seconds)
        with translated(self._server):
            await pipeline.execute()

    async def end(self, key: str) -> None:
        """See ``Inbox.end``."""
        with translated(self._server):
            await self._redis.delete(self._beginnings(key))

    def _reply(self, key: str) -> str:
        return self._prefix + key

    def _beginnings(self, key: str) -> str:
        return f"{self._prefix}{key}:begun"
