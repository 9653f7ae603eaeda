"""What replicas tell each other, in one hash of Redis. Knows no rule and no broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orchestrator.adapters.redis.connection import address, connect, translated
from orchestrator.ports import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

SILENCE_SECONDS: Final = 60
"""A member that says nothing for so long is gone. The broker notices within half of it."""

SCRIPT: Final = """\
local key, verb, member, value = KEYS[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if verb == 'say' then
  redis.call('HSET', key, 'm' .. member, value .. ' ' .. now)
elseif verb == 'took' and redis.call('HEXISTS', key, 'm' .. member) == 1 then
  local turn = redis.call('HINCRBY', key, 'turn', 1)
  local before = redis.call('HGET', key, 't' .. member)
  if not before or tonumber(before:match('^%d+')) <= tonumber(value) then
    redis.call('HSET', key, 't' .. member, value .. ' ' .. turn)
  end
end
local all, left = redis.call('HGETALL', key), {}
local silent = {}
for i = 1, #all, 2 do
  if all[i]:sub(1, 1) == 'm' and tonumber(all[i + 1]:match('%d+$')) < now - ARGV[1] then
    silent[all[i]:sub(2)] = true
    redis.call('HDEL', key, all[i], 't' .. all[i]:sub(2))
  end
end
for i = 1, #all, 2 do
  if not silent[all[i]:sub(2)] then
    left[#left + 1] = all[i]
    left[#left + 1] = all[i + 1]
  end
end
return left
"""
"""One field for the turn, one for each member, one for each that a marker was taken of."""


class RedisProgress:
    """``ports.Progress`` on Redis 7 or later. Who only looks writes nothing.

    Args:
        url: where Redis is.
        namespace: first part of the key, so that installations can share a server.
        queue: the input queue it is about.
        silence_seconds: how long a member may say nothing.
    """

    def __init__(
        self, url: str, *, namespace: str, queue: str, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        self._redis: Any = connect(url)
        self._server = address(url)
        self._key = f"{namespace}:progress:{queue}"
        self._silence_ms = round(silence_seconds * 1000)
        self._script = self._redis.register_script(SCRIPT)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def look(self) -> Standing:
        """See ``ports.Progress.look``."""
        return await self._call("look")

    async def say(self, member: str, said: int) -> Standing:
        """See ``ports.Progress.say``."""
        return await self._call("say", member, said)

    async def took(self, member: str, number: int) -> Standing:
        """See ``ports.Progress.took``."""
        return await self._call("took", member, number)

    async def _call(self, verb: str, member: str = "", value: int = 0) -> Standing:
        with translated(self._server):
            found = await self._script([self._key], [self._silence_ms, verb, member, value])
        return _standing(found)


def _standing(found: Sequence[bytes]) -> Standing:
    turn = 0
    members: dict[str, int] = {}
    takings: dict[str, tuple[int, int]] = {}
    for field, value in zip(found[::2], found[1::2], strict=True):
        name, first, _, second = field[1:].decode(), *value.partition(b" ")
        if field == b"turn":
            turn = int(first)
        elif field.startswith(b"m"):
            members[name] = int(first)
        else:
            takings[name] = (int(first), int(second))
    return Standing(turn, members, takings)
