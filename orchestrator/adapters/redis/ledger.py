"""The ledger on Redis: a stream that is cut at its old end. Knows no rule and no broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orchestrator.adapters.redis.connection import address, connect, translated
from orchestrator.adapters.redis.entries import milliseconds_since_1970, moment_of
from orchestrator.core.unmatched import pack, unpacked
from orchestrator.ports import Noted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from orchestrator.core.unmatched import Unmatched

SCRIPT: Final = """\
local ids = {}
for i = 2, #ARGV do
  ids[i - 1] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'entry', ARGV[i])
end
return ids
"""
"""Adds many entries by one command: their number is part of no command's cost in Python."""

PAGE: Final = 200
_FIELD: Final = b"entry"


class RedisLedger:
    """``ports.Ledger`` on Redis 7 or later, in one stream per installation.

    Args:
        url: where Redis is.
        namespace: first part of the key, so that installations can share a server.
        size: about how many entries are kept; 0 keeps none.
    """

    def __init__(self, url: str, *, namespace: str, size: int) -> None:
        self._redis: Any = connect(url)
        self._server = address(url)
        self._stream = f"{namespace}:unmatched"
        self._size = size

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def note(self, entries: Sequence[Unmatched]) -> list[str]:
        """See ``ports.Ledger.note``. Where the answer is lost, it is noted once more."""
        if not self._size or not entries:
            return []
        packed = [pack(entry) for entry in entries]
        with translated(self._server):
            ids = await self._redis.eval(SCRIPT, 1, self._stream, self._size, *packed)
        return [name.decode() for name in ids]

    async def entries(
        self, *, after: str | None = None, since: datetime | None = None
    ) -> AsyncIterator[Noted]:
        """See ``ports.Ledger.entries``: one page after the other."""
        oldest = "-" if since is None else str(milliseconds_since_1970(since))
        newest = "+" if after is None else f"({after}"
        while True:
            with translated(self._server):
                page = await self._redis.xrevrange(self._stream, newest, oldest, count=PAGE)
            for name, fields in page:
                yield _noted(name, fields)
            if len(page) < PAGE:
                return
            newest = f"({page[-1][0].decode()}"

    async def find(self, entry_id: str) -> Noted | None:
        """See ``ports.Ledger.find``."""
        with translated(self._server):
            found = await self._redis.xrange(self._stream, entry_id, entry_id)
        return _noted(*found[0]) if found else None

    async def remove(self, ids: Sequence[str]) -> None:
        """See ``ports.Ledger.remove``."""
        if ids:
            with translated(self._server):
                await self._redis.xdel(self._stream, *ids)


def _noted(name: bytes, fields: dict[bytes, bytes]) -> Noted:
    at = moment_of(int(name.partition(b"-")[0]))
    return Noted(name.decode(), at, unpacked(fields[_FIELD]))
