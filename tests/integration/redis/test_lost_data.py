"""A Redis that restarts, comes back empty, or comes back from an older copy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.ports import Committed, Duplicate
from tests.integration.redis.commits import NOW, commit

if TYPE_CHECKING:
    from orchestrator.local.services import Server
    from tests.integration.redis.conftest import OpenStore

LOST = "came back empty or older than it was"


async def test_after_a_restart_it_goes_on(open_store: OpenStore, server: Server) -> None:
    """The server forgot our script, not our data: no error, no lost marker, no second effect."""
    store = open_store()
    done = commit("a")
    assert await store.commit([done], NOW) == [Committed()]
    await asyncio.to_thread(server.restart)
    assert await store.commit([done, commit("b")], NOW) == [
        Duplicate({done.reactions[0].id: done.reactions[0].messages}),
        Committed(),
    ]


async def test_a_script_forgotten_by_some_shards_only_runs_again(
    open_store: OpenStore, admin: Any
) -> None:
    """The batch is repeated whole: what had been applied answers with its outbox."""
    store = open_store()
    commits = [commit(f"{n}", f"C-{n}") for n in range(8)]
    await store.commit(commits[:4], NOW)
    await admin.script_flush()
    results = await store.commit(commits, NOW)
    assert [type(result) for result in results] == [Duplicate] * 4 + [Committed] * 4


async def test_an_empty_redis_is_not_taken_for_ours(open_store: OpenStore, admin: Any) -> None:
    """Going on would react to redelivered events a second time and say nothing."""
    store = open_store()
    await store.commit([commit("a")], NOW)
    await admin.flushall()
    for _ in range(2):
        with pytest.raises(Misconfigured, match=LOST):
            await store.commit([commit("b")], NOW)
    with pytest.raises(Misconfigured, match=LOST):
        await store.verify()


async def test_a_restart_of_the_daemon_goes_on_with_an_empty_redis(
    open_store: OpenStore, admin: Any
) -> None:
    """It is what the error offers to somebody who has no backup."""
    await open_store().commit([commit("a")], NOW)
    await admin.flushall()
    assert await open_store().commit([commit("a")], NOW) == [Committed()]


async def test_a_restart_of_the_daemon_goes_on_after_a_partial_loss(
    open_store: OpenStore, admin: Any, unique: str
) -> None:
    """Eviction takes single keys; the shards' epochs must not then contradict for ever."""
    running = open_store()
    await running.commit([commit("a")], NOW)
    await admin.delete(f"{unique}:epoch")
    assert await open_store().commit([commit("b")], NOW) == [Committed()]
    with pytest.raises(Misconfigured, match=LOST):
        await running.commit([commit("c")], NOW)


async def come_back_older(admin: Any, namespace: str) -> None:
    """Put the server into the state of a copy taken before its last sign of life.

    Its beat is smaller, and like every server that started anew it knows no script.
    """
    await admin.decr(f"{namespace}:beat")
    await admin.script_flush()


async def test_an_older_copy_is_noticed_by_the_next_commit(
    open_store: OpenStore, admin: Any, unique: str
) -> None:
    """A restored backup has our epoch, but not our last markers."""
    store = open_store()
    await store.commit([commit("a")], NOW)
    await come_back_older(admin, unique)
    for _ in range(2):
        with pytest.raises(Misconfigured, match=LOST):
            await store.commit([commit("b")], NOW)
    assert await store.outbox_size() == 1


async def test_an_older_copy_that_the_sweeper_notices_stops_the_commits_too(
    open_store: OpenStore, admin: Any, unique: str
) -> None:
    """A replica that took over may know our script; until the right data are back, nobody writes.

    Whoever restores the newest copy need not restart anything.
    """
    store = open_store()
    await store.commit([commit("a")], NOW)
    await admin.decr(f"{unique}:beat")
    for check in (store.verify(), store.commit([commit("b")], NOW)):
        with pytest.raises(Misconfigured, match=LOST):
            await check
    await admin.incr(f"{unique}:beat")
    assert await store.commit([commit("b")], NOW) == [Committed()]


async def test_replicas_agree_on_one_epoch(open_store: OpenStore) -> None:
    """Those that start at the same moment must not call each other's data lost."""
    stores = [open_store() for _ in range(5)]
    await asyncio.gather(*(store.verify() for store in stores))
    results = await asyncio.gather(
        *(store.commit([commit(f"{n}")], NOW) for n, store in enumerate(stores))
    )
    assert results == [[Committed()]] * 5


async def test_another_number_of_shards_is_refused(open_store: OpenStore, unique: str) -> None:
    """Keys would lie elsewhere: markers and instances would seem to be gone."""
    await open_store(shards=4).verify()
    with pytest.raises(Misconfigured) as refusal:
        await open_store(shards=8).verify()
    assert "lies in 4 shards, but ORCHESTRATOR_SHARDS is 8: set it to 4" in str(refusal.value)
    with pytest.raises(Misconfigured, match="lies in 4 shards, but ORCHESTRATOR_SHARDS is 8"):
        await open_store(shards=8).agree()
    await open_store(shards=4).agree()
    await open_store(shards=8, namespace=f"{unique}-other").agree()
    assert await open_store(shards=8, namespace=f"{unique}-other").verify() == []


async def test_two_installations_share_one_redis(open_store: OpenStore, unique: str) -> None:
    """A staging system must neither see nor settle what production has to send."""
    one, other = open_store(), open_store(namespace=f"{unique}-other")
    assert await one.commit([commit("a")], NOW) == [Committed()]
    assert await other.commit([commit("a")], NOW) == [Committed()]
    await other.settle([entry.settlement async for entry in other.outbox(NOW.replace(year=2027))])
    assert (await one.outbox_size(), await other.outbox_size()) == (1, 0)


async def test_a_cancelled_commit_does_not_answer_the_next_one(open_store: OpenStore) -> None:
    """A reply that nobody waits for any more must not be read as somebody else's."""
    store = open_store()
    await store.verify()
    for number in range(20):
        cut = asyncio.create_task(store.commit([commit(f"cut {number}")], NOW))
        for _ in range(number):
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.wait([cut])
        fresh = await store.commit([commit(f"{number} {n}", f"C-{n}") for n in range(3)], NOW)
        assert fresh == [Committed()] * 3
