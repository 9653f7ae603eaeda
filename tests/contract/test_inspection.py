"""What every store must be able to tell a person about what is remembered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.decision import Instance
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import Status
from orchestrator.ports import (
    Commit,
    Committed,
    Inspection,
    InstanceKey,
    InstanceWrite,
    OpenInstance,
    Reaction,
    Store,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


class Memory:
    """A store, what it tells of itself, and how to fill it."""

    def __init__(self, store: Store, inspection: Inspection) -> None:
        self.store = store
        self.tells = inspection
        self.instances: dict[InstanceKey, Instance] = {}
        self.names = count()

    async def put(  # noqa: PLR0913, PLR0917 - everything a write consists of
        self,
        at: InstanceKey,
        changed: datetime = NOW,
        state: bytes | None = b"{}",
        due: datetime | None = None,
        status: Status = Status.WAITING,
        revision: str = "",
    ) -> None:
        version = ReactionId(content_digest(b"%d" % next(self.names)))
        status = status if state is not None else Status.COMPLETED
        write = InstanceWrite(at, self.instances.pop(at, None), status, state, due, revision)
        commit = Commit(at.key, (Reaction(version, ()),), (write,))
        assert await self.store.commit([commit], changed) == [Committed()]
        if state is not None:
            self.instances[at] = Instance(version, state, status, revision)

    async def pages(
        self, limit: int, unchanged_since: datetime | None = None
    ) -> AsyncIterator[list[OpenInstance]]:
        after = None
        while page := await self.tells.open_instances(
            after=after, unchanged_since=unchanged_since, limit=limit
        ):
            yield page
            after = page[-1]


@pytest.fixture(params=["memory", "redis"])
async def memory(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Memory]:
    """An empty store of each kind."""
    if request.param == "memory":
        store = MemoryStore()
        yield Memory(store, store)
        return
    redis = RedisStore(request.getfixturevalue("redis_url"), namespace=unique, shards=4)
    yield Memory(redis, redis.inspection)
    await redis.close()


def keys(found: Iterable[OpenInstance]) -> list[str]:
    return [f"{each.at.definition}/{each.at.key}" for each in found]


async def test_open_instances_are_listed_with_their_change_and_timer(memory: Memory) -> None:
    """The newest change first: what just happened is what people look for."""
    join, window = InstanceKey("join", "C-1"), InstanceKey("count", "Ünï: 1")
    await memory.put(join, NOW, due=NOW + HOUR)
    await memory.put(window, NOW + MS)
    assert await memory.tells.open_instances(limit=10) == [
        OpenInstance(window, NOW + MS),
        OpenInstance(join, NOW, NOW + HOUR),
    ]


async def test_only_what_one_definition_remembers(memory: Memory) -> None:
    """An operator of one rule does not read through a million instances of another."""
    for name in ("join", "count", "join2"):
        await memory.put(InstanceKey(name, "C-1"))
    assert keys(await memory.tells.open_instances(definitions=["join"], limit=10)) == ["join/C-1"]
    assert await memory.tells.open_instances(definitions=["none"], limit=10) == []
    some = await memory.tells.open_instances(definitions=["join", "join2"], limit=10)
    assert sorted(keys(some)) == ["join/C-1", "join2/C-1"]
    assert await memory.tells.open_instances(definitions=[], limit=10) == []


async def test_what_ended_is_listed_no_more_and_may_come_back(memory: Memory) -> None:
    """The index follows the instances; so does what knows which indexes there are."""
    at = InstanceKey("join", "C-1")
    for _ in range(2):
        await memory.put(at)
        assert keys(await memory.tells.open_instances(limit=10)) == ["join/C-1"]
        await memory.put(at, state=None)
        assert await memory.tells.open_instances(limit=10) == []


async def test_a_change_moves_an_instance_to_the_front(memory: Memory) -> None:
    """It is listed once, by its last change."""
    first, second = InstanceKey("join", "C-1"), InstanceKey("join", "C-2")
    await memory.put(first, NOW)
    await memory.put(second, NOW + MS)
    await memory.put(first, NOW + 2 * MS)
    assert keys(await memory.tells.open_instances(limit=10)) == ["join/C-1", "join/C-2"]


async def test_the_longest_unchanged_come_first_when_asked_what_is_stuck(memory: Memory) -> None:
    """An instance that changed exactly at the limit counts as unchanged since."""
    for hours in range(4):
        await memory.put(InstanceKey("join", f"C-{hours}"), NOW + hours * HOUR)
    found = await memory.tells.open_instances(unchanged_since=NOW + 2 * HOUR, limit=10)
    assert keys(found) == ["join/C-0", "join/C-1", "join/C-2"]


async def test_messages_kept_for_later_are_no_open_instances(memory: Memory) -> None:
    """They are listed among the timers: nothing is waited for."""
    at = InstanceKey("rule", "C-1").of_message("m-1")
    await memory.put(at, due=NOW + HOUR)
    assert await memory.tells.open_instances(limit=10) == []
    assert await memory.tells.remembered("C-1") == []
    assert await memory.tells.timers() == [Timer(at, NOW + HOUR)]


async def test_everything_that_is_remembered_of_a_key(memory: Memory) -> None:
    """Several rules may remember one key, and a key may look like another."""
    for name, key in [("join", "C-1"), ("count", "C-1"), ("join", "C-11"), ("join", "*")]:
        await memory.put(InstanceKey(name, key), due=NOW)
    assert await memory.tells.remembered("C-1") == [
        OpenInstance(InstanceKey("count", "C-1"), NOW, NOW),
        OpenInstance(InstanceKey("join", "C-1"), NOW, NOW),
    ]
    assert await memory.tells.remembered("C") == []


EVENLY = [f"{n}" for n in range(120)]


@pytest.mark.parametrize("limit", [1, 7, 50, 1000])
@pytest.mark.parametrize("spread", [1, 40, 1_000_000], ids=["one-moment", "few", "all-differ"])
@pytest.mark.parametrize("stuck", [False, True], ids=["newest", "stuck"])
async def test_pages_hold_every_instance_once(
    memory: Memory, limit: int, spread: int, *, stuck: bool
) -> None:
    """Also where a moment is shared by more instances than a page holds."""
    for n, key in enumerate(EVENLY):
        await memory.put(InstanceKey(("join", "count")[n % 2], key), NOW + (n * 7 % spread) * MS)
    since = NOW + HOUR if stuck else None
    pages = [page async for page in memory.pages(limit, since)]
    listed = [found for page in pages for found in page]
    assert sorted(found.at.key for found in listed) == sorted(EVENLY)
    assert {len(page) for page in pages[:-1]} <= {limit}
    times = [found.changed for found in listed]
    assert times == sorted(times, reverse=not stuck)


async def test_a_moment_shared_by_thousands_is_passed(memory: Memory) -> None:
    """Event times are often whole seconds, so timers fall due by the thousand at once."""
    ats = [InstanceKey("join", f"C-{n}") for n in range(6000)]
    commits = [
        Commit(
            at.key,
            (Reaction(ReactionId(content_digest(at.key.encode())), ()),),
            (InstanceWrite(at, None, Status.WAITING, b"{}", NOW),),
        )
        for at in ats
    ]
    assert set(await memory.store.commit(commits, NOW)) == {Committed()}
    pages = [page async for page in memory.pages(2500)]
    assert [len(page) for page in pages] == [2500, 2500, 1000]
    assert {found.at for page in pages for found in page} == set(ats)
    assert {timer.at for timer in await memory.tells.timers()} == set(ats)


async def seen_while_others_come_and_go(
    memory: Memory, pages: AsyncIterator[list[OpenInstance]]
) -> list[str]:
    """Read `pages`; after each its last one ends and another instance begins somewhere."""
    seen: list[str] = []
    async for page in pages:
        seen += [found.at.key for found in page]
        await memory.put(page[-1].at, state=None)
        await memory.put(InstanceKey("count", f"new {len(seen)}"), NOW + (len(seen) % 20) * MS)
    return seen


@pytest.mark.parametrize("stuck", [False, True], ids=["newest", "stuck"])
async def test_pages_skip_nothing_while_others_come_and_go(memory: Memory, *, stuck: bool) -> None:
    """Instances begin and end all the time; those that stay must all be seen."""
    for n, key in enumerate(EVENLY):
        await memory.put(InstanceKey("join", key), NOW + (n % 10) * MS)
    since = NOW + HOUR if stuck else None
    seen = await seen_while_others_come_and_go(memory, memory.pages(7, since))
    assert sorted(key for key in seen if not key.startswith("new")) == sorted(EVENLY)
    assert len(seen) == len(set(seen))


async def test_pages_by_number_would_skip_some(memory: Memory) -> None:
    """The negative control: what moves between two pages is what the cursor is for."""

    async def numbered() -> AsyncIterator[list[OpenInstance]]:
        start = 0
        while page := (await memory.tells.open_instances(limit=1000))[start : start + 7]:
            yield page
            start += 7

    for n, key in enumerate(EVENLY):
        await memory.put(InstanceKey("join", key), NOW + HOUR + n * MS)
    seen = await seen_while_others_come_and_go(memory, numbered())
    assert set(EVENLY) - set(seen)


async def test_pages_skip_nothing_while_others_write_at_the_same_time(memory: Memory) -> None:
    """A page is read in several steps; what is written between them must not push others out."""
    for n, key in enumerate(EVENLY):
        await memory.put(InstanceKey("join", key), NOW + (n % 50) * MS)

    async def write() -> None:
        for n in range(200):
            at = InstanceKey("count", f"new {n % 20}")
            await memory.put(at, NOW + (n * 7 % 60) * MS, None if at in memory.instances else b"{}")

    async def read() -> list[str]:
        pages = [page async for page in memory.pages(40)]
        return [found.at.key for page in pages for found in page]

    *_, first, second = await asyncio.gather(write(), read(), read())
    for seen in (first, second):
        assert sorted(key for key in seen if not key.startswith("new")) == sorted(EVENLY)


async def test_timers_are_listed_as_they_are_due_and_chosen(memory: Memory) -> None:
    """What happens next, for everything, for one rule, for one key, or within some time."""
    for n in range(60):
        at = InstanceKey(("join", "count")[n % 2], f"C-{n % 20}")
        at = at if n < 20 else at.of_message(f"m-{n}")
        await memory.put(at, due=NOW + (n * 7 % 60) * HOUR)
    every = await memory.tells.timers()
    assert [timer.due for timer in every] == [NOW + n * HOUR for n in range(60)]
    assert await memory.tells.timers(limit=5) == every[:5]
    assert await memory.tells.timers(until=NOW + 9 * HOUR) == every[:10]
    of_rule = [timer for timer in every if timer.at.definition == "join"]
    assert await memory.tells.timers(definition="join") == of_rule
    of_key = [timer for timer in every if timer.at.key == "C-3"]
    assert await memory.tells.timers(key="C-3") == of_key
    assert (
        await memory.tells.timers(definition="join", key="C-4", limit=2)
        == [timer for timer in every if (timer.at.definition, timer.at.key) == ("join", "C-4")][:2]
    )


@pytest.mark.parametrize("definition", [None, "join", "count"])
async def test_pages_of_timers_hold_each_once(memory: Memory, definition: str | None) -> None:
    """Also where a moment is shared by more timers than a page holds."""
    for n in range(90):
        at = InstanceKey(("join", "count", "rare")[n % 3], f"C-{n % 20}")
        at = at if n < 20 else at.of_message(f"m-{n}")
        await memory.put(at, due=NOW + (n % 4) * HOUR)
    every = await memory.tells.timers(definition=definition)
    pages: list[Timer] = []
    while page := await memory.tells.timers(
        definition=definition, after=pages[-1] if pages else None, limit=7
    ):
        pages += page
    assert pages == every
    assert len({timer.at for timer in pages}) == len(pages) == (90 if definition is None else 30)


async def test_a_kept_message_whose_timer_failed_is_found(memory: Memory) -> None:
    """Nothing reminds of it any more: no timer is set, and no instance shows it."""
    at = InstanceKey("rule", "C/1").of_message("m-1")
    await memory.put(InstanceKey("rule", "C/1").of_message("m-2"), due=NOW)
    await memory.put(at, due=NOW)
    assert await memory.tells.failed_messages() == []
    await memory.put(at, status=Status.INCIDENT)
    assert await memory.tells.failed_messages() == [at]
    assert await memory.store.open_revisions() == {}
    await memory.put(at, due=NOW)
    assert await memory.tells.failed_messages() == []
    await memory.put(at, state=None)
    assert [timer.at.message for timer in await memory.tells.timers(definition="rule")] == ["m-2"]
