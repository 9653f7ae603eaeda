"""A connection that breaks once Redis has done what it was asked, and before it could say so."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from orchestrator.errors import Unavailable
from orchestrator.ports import Committed, Duplicate
from tests.integration.redis.commits import NOW, commit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.local.services import Server
    from tests.integration.redis.conftest import OpenStore


class Line:
    """A way to Redis that can be cut behind the next commit, before its answer has passed.

    Attributes:
        cuts: how many answers are still to be lost.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self.cuts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what is asked and answered, for one connection."""
        answers, asked = await asyncio.open_connection(self._url.hostname, self._url.port)
        cut = False

        async def ask() -> None:
            nonlocal cut
            while request := await reader.read(2**16):
                if self.cuts and b"EVALSHA" in request:
                    self.cuts, cut = self.cuts - 1, True
                asked.write(request)
            asked.close()

        async def answer() -> None:
            while (answer := await answers.read(2**16)) and not cut:
                writer.write(answer)
            writer.close()

        await asyncio.gather(ask(), answer())


@asynccontextmanager
async def cut_off(server: Server) -> AsyncIterator[tuple[str, Line]]:
    """Yield a URL of `server` on such a line."""
    line = Line(server.url)
    async with await asyncio.start_server(line.serve, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        yield server.url.replace(f":{urlsplit(server.url).port}", f":{port}"), line


async def test_a_commit_is_not_repeated_without_a_word(
    open_store: OpenStore, server: Server
) -> None:
    """Who commits a timer twice, unaware of it, takes the second answer for a lost race."""
    async with cut_off(server) as (url, line):
        store, done = open_store(url), commit("a")
        assert await store.commit([commit("b")], NOW) == [Committed()]
        line.cuts = 1
        with pytest.raises(Unavailable):
            await store.commit([done], NOW)
        assert await store.commit([done], NOW) == [
            Duplicate({done.reactions[0].id: done.reactions[0].messages})
        ]
        await store.close()
