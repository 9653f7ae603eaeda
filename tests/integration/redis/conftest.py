"""A private Redis that tests may weaken, empty or restart, and stores on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from redis.asyncio import Redis

from orchestrator.adapters.redis import RedisStore
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.local import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from orchestrator.local.services import Server

STRONG = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


class OpenStore(Protocol):
    """Opens a store in the test's own namespace on the private Redis."""

    def __call__(self, url: str | None = None, **options: Any) -> RedisStore:
        """Take another `url` than the server's, or other options than the defaults."""


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A private Redis, 0.1 s to start; RabbitMQ is not needed here."""
    try:
        with running(environ={"ORCHESTRATOR_AMQP_URL": "amqp://unused/"}) as services:
            yield services.redis
    except (Misconfigured, Unavailable):
        # One place decides whether a missing service skips or fails.
        request.getfixturevalue("services")
        raise


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[Any]:
    """A client that may do anything; the server's settings are restored after the test."""
    async with Redis.from_url(server.url, decode_responses=True) as client:
        yield client
        await client.config_set("maxmemory", 0)
        for name, value in STRONG.items():
            await client.config_set(name, value)


@pytest.fixture
async def open_store(server: Server, unique: str) -> AsyncIterator[OpenStore]:
    """Open as many stores as a test wants; they are closed after it."""
    stores: list[RedisStore] = []

    def open_one(url: str | None = None, **options: Any) -> RedisStore:
        settings: dict[str, Any] = {"namespace": unique, "shards": 4} | options
        stores.append(RedisStore(url or server.url, **settings))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()
