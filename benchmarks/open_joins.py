"""Opens very many joins in a store, by the daemon's own steps: read, match, decide, commit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.load import batched
from benchmarks.report import say
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.event import Delivery
from orchestrator.engine.batch import Batch
from orchestrator.engine.deciding import decide, match, read
from orchestrator.folders import Folders
from orchestrator.ports import Committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from benchmarks.subjects import Subject
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Message
    from orchestrator.ports import Commit

CHUNK = 5_000


@asynccontextmanager
async def store_of(found: Subject) -> AsyncIterator[RedisStore]:
    """Open the store of a subject, as its daemon does."""
    settings = found.settings
    store = RedisStore(
        settings.redis_url.get_secret_value(),
        namespace=settings.namespace,
        shards=settings.shards,
    )
    await store.verify()
    try:
        yield store
    finally:
        await store.close()


async def open_joins(found: Subject, events: Iterable[Message], total: int) -> None:
    """Commit what follows from `events`; the next are decided while the last are written.

    Args:
        found: whose rules decide, and in whose store they are opened.
        events: the first of each join.
        total: how many they are, to show progress.
    """
    folders = Folders(found.settings.rules, found.settings.schemas)
    rulebook = await asyncio.to_thread(folders.build)
    done = 0
    async with store_of(found) as store:
        writing: asyncio.Task[None] | None = None
        for chunk in batched(events, CHUNK):
            commits = _decided(rulebook, chunk)
            if writing:
                await writing
            writing = asyncio.create_task(_commit(store, commits))
            await asyncio.sleep(0)
            done += len(chunk)
            say(f"opening joins: {done:,} of {total:,}")
        if writing:
            await writing


async def _commit(store: RedisStore, commits: list[Commit]) -> None:
    results = await store.commit(commits, datetime.now(UTC))
    if any(result != Committed() for result in results):
        raise RuntimeError("not all joins were opened: is the namespace new?")


def _decided(rulebook: Rulebook, events: Iterable[Message]) -> list[Commit]:
    deliveries = [
        Delivery(one.body, type=one.type, content_type=one.content_type) for one in events
    ]
    batch = Batch(deliveries, datetime.now(UTC), "benchmark")
    read(batch, rulebook, 1024 * 1024)
    cases = match(batch, rulebook, "orchestrator")
    decided = decide(batch, cases, [None] * len(cases))
    return [commit for _, commit in decided if commit is not None]


async def forget(redis: Any, found: Subject) -> None:  # noqa: ANN401 - its stubs lack unlink
    """Remove everything in the subject's namespace: the keys of other tests stay."""
    names: list[bytes] = []
    async for key in redis.scan_iter(f"{found.settings.namespace}:*", count=5000):
        names.append(key)
        if len(names) == CHUNK:
            await redis.unlink(*names)
            names.clear()
    if names:
        await redis.unlink(*names)
