"""The register of service instances in Redis, by the server's own clock. Knows no broker."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.adapters.redis.connection import address, connect, translated
from orchestrator.service.register import SILENCE_SECONDS, Announcement, Heard

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOCK: Final = """\
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = now - ARGV[1]
"""

ANNOUNCE: Final = (
    _CLOCK
    + """\
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', oldest, 'LIMIT', 0, 100)
if #gone > 0 then
  redis.call('ZREM', KEYS[1], unpack(gone))
  redis.call('HDEL', KEYS[2], unpack(gone))
end
"""
)
"""Who speaks sweeps up after those who fell silent, so that nothing grows."""

LIVING: Final = (
    _CLOCK
    + """\
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. oldest, '+inf', 'WITHSCORES')
local result = {now}
for i = 1, #found, 2 do
  result[#result + 1] = redis.call('HGET', KEYS[2], found[i])
  result[#result + 1] = tonumber(found[i + 1])
end
return result
"""
)


class RedisRegister:
    """``service.register.Register`` on Redis 7 or later. Who only looks writes nothing.

    Args:
        url: where Redis is.
        namespace: first part of the keys, so that installations can share a server.
        silence_seconds: how long an instance may say nothing.
    """

    def __init__(
        self, url: str, *, namespace: str, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        self._redis: Any = connect(url)
        self._server = address(url)
        prefix = f"{namespace}:{{register}}"
        self._keys = [f"{prefix}:heard", f"{prefix}:said"]
        self._silence_ms = round(silence_seconds * 1000)
        self._announce = self._redis.register_script(ANNOUNCE)
        self._living = self._redis.register_script(LIVING)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def announce(self, announcement: Announcement) -> None:
        """See ``Register.announce``."""
        said = orjson.dumps(asdict(announcement)).decode()
        with translated(self._server):
            await self._announce(self._keys, [self._silence_ms, announcement.name, said])

    async def leave(self, name: str) -> None:
        """See ``Register.leave``."""
        heard, said = self._keys
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zrem(heard, name)
        pipeline.hdel(said, name)
        with translated(self._server):
            await pipeline.execute()

    async def living(self) -> Sequence[Heard]:
        """See ``Register.living``."""
        with translated(self._server):
            now, *found = await self._living(self._keys, [self._silence_ms])
        heard = [
            _heard(said, at, now) for said, at in zip(found[::2], found[1::2], strict=True) if said
        ]
        return sorted(heard, key=lambda each: each.announcement.name)


def _heard(said: bytes, at: int, now: int) -> Heard:
    facts = orjson.loads(said)
    announcement = Announcement(**{**facts, "capabilities": tuple(facts["capabilities"])})
    return Heard(announcement, at, (now - at) / 1000)
