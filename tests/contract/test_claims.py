"""What a name was used for first stays what it means."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.ports import Store

NAME = "permits/request 1 \N{SNOWMAN}"


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    redis = RedisStore(request.getfixturevalue("redis_url"), namespace=unique)
    yield redis
    await redis.close()


async def test_the_first_claim_stays(store: Store) -> None:
    """Whoever comes later learns what the name means, and changes nothing."""
    assert await store.claim(NAME, b"first") == b"first"
    assert await store.claim(NAME, b"second") == b"first"
    assert await store.claim(NAME, b"first") == b"first"
    assert await store.claim(f"{NAME}0", b"second") == b"second"


async def test_one_of_many_at_once_is_the_first(store: Store) -> None:
    """Two replicas may be asked at the same moment, and must give one answer."""
    answers = await asyncio.gather(*(store.claim(NAME, b"%d" % each) for each in range(20)))

    assert len(set(answers)) == 1


async def test_claims_pass_with_the_markers(redis_url: str, unique: str) -> None:
    """One that goes before its marker lets a second meaning in; those that stay pile up."""
    store = RedisStore(redis_url, namespace=unique, dedupe=timedelta(hours=3), shards=1)
    await store.claim("a", b"first")

    seconds = await store._redis.ttl(f"{unique}:{{0}}:claim:a")  # noqa: SLF001 - what is stored

    assert 6 * 3600 - 60 < seconds <= 6 * 3600
    await store.close()
