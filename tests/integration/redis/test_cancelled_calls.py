"""A task that is cancelled while it asks Redis: it ends, whatever the call was doing just then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.redis.connection import connect

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from orchestrator.local.services import Server


@pytest.mark.parametrize("turns", range(16))
async def test_a_cancelled_call_ends_its_task(server: Server, turns: int) -> None:
    """A service that loses its broker cancels what it had not begun, and waits until that is over.

    A handler whose cancellation is dropped would run on into a session that settles nothing any
    more, and the service would never subscribe again, nor stop.

    Args:
        server: answers.
        turns: of the loop between the start of the task and its cancellation: together they meet
            the connecting, each step of the writing, and the wait for the answer.
    """
    client = connect(server.url)
    try:
        for name in ("connecting", "connected"):
            asked = asyncio.create_task(_ask(client, name))
            for _ in range(turns):
                await asyncio.sleep(0)
            asked.cancel()
            await asyncio.wait([asked], timeout=1)
            ended = asked.cancelled()
            asked.cancel()
            assert ended, "the cancellation was dropped"
            assert await client.get(name) is None, "who asks next gets the answer to that"
    finally:
        await client.aclose()


async def _ask(client: Redis, name: str) -> None:
    await client.get(name)
    await asyncio.Event().wait()
