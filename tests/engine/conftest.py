from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.ports import Store

NewStore = Callable[[], Store]


@pytest.fixture(params=["memory", "redis"])
async def new_store(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[NewStore]:
    """Make as many empty stores of a kind as a test wants."""
    stores: list[RedisStore] = []

    def make() -> Store:
        if request.param == "memory":
            return MemoryStore()
        url = request.getfixturevalue("redis_url")
        stores.append(RedisStore(url, namespace=f"{unique}-{len(stores)}", shards=2))
        return stores[-1]

    if request.param == "redis":
        request.getfixturevalue("redis_url")
    yield make
    for store in stores:
        await store.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """An empty store of each kind."""
    return new_store()
