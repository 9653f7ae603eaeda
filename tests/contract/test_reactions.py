"""Whoever asks why nothing happened must be able to learn that a rule has reacted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.ports import Commit, Reaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.ports import Inspection, Store

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(params=["memory", "redis"])
async def store(
    request: pytest.FixtureRequest, unique: str
) -> AsyncIterator[tuple[Store, Inspection]]:
    """A store, and what it tells of itself."""
    if request.param == "memory":
        memory = MemoryStore()
        yield memory, memory
        return
    redis = RedisStore(request.getfixturevalue("redis_url"), namespace=unique)
    yield redis, redis.inspection
    await redis.close()


def reaction(number: int) -> ReactionId:
    return ReactionId(content_digest(b"%d" % number))


async def test_reactions_are_known_for_the_dedupe_window(
    store: tuple[Store, Inspection],
) -> None:
    """Those that were committed, under their keys, and no others."""
    committing, telling = store
    commits = [Commit(f"C-{n}", (Reaction(reaction(n), ()),)) for n in range(5)]
    await committing.commit(commits, NOW)
    asked = [(f"C-{n}", reaction(n)) for n in range(3, 8)]
    for moment in (NOW, NOW + timedelta(hours=23)):
        assert await telling.reacted(asked, moment) == {reaction(3), reaction(4)}
    assert await telling.reacted([], NOW) == frozenset()
