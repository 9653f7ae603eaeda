"""What every store must know of the life of an instance: its header, its pieces, its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.decision import Instance, Part
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import FINAL, OPEN, Status
from orchestrator.ports import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    FinishedInstance,
    InstanceKey,
    InstanceWrite,
    KeptDefinition,
    Reaction,
    Timer,
)
from tests.contract.stores import HOUR, MS, NEW, NOW, OLD, Memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SAGA = InstanceKey("opening", "C-1")
RETAINED = 40


@pytest.fixture(params=["memory", "redis"])
async def memory(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Memory]:
    """An empty store of each kind that knows few finished instances, for an hour."""
    if request.param == "memory":
        store = MemoryStore(HOUR, RETAINED)
        yield Memory(store, store)
        return
    url = request.getfixturevalue("redis_url")
    redis = RedisStore(url, namespace=unique, shards=4, retention=HOUR, retained=RETAINED)
    yield Memory(redis, redis.inspection)
    await redis.close()


async def load(memory: Memory, at: InstanceKey, *pieces: str) -> Instance:
    (found,) = await memory.store.load([at], {at: pieces})
    assert found is not None
    return found


async def statuses(memory: Memory, status: Status | None = None) -> list[tuple[str, Status]]:
    found = await memory.tells.open_instances(status=status, limit=100)
    return sorted((each.at.key, each.status) for each in found)


@pytest.mark.parametrize("status", OPEN)
async def test_an_instance_comes_back_with_its_header(memory: Memory, status: Status) -> None:
    """Who decides next must know under which definition, and what it was doing."""
    await memory.write(SAGA, status, b"\x00state\xff", revision=NEW)
    assert await memory.store.load([SAGA]) == [memory.instances[SAGA]]
    assert (await memory.store.load([SAGA]))[0] == replace(
        memory.instances[SAGA], state=b"\x00state\xff", status=status, revision=NEW
    )


async def test_an_instance_without_a_revision_has_none(memory: Memory) -> None:
    """A kept message needs no definition: it is decided already."""
    message = SAGA.of_message("m-1")
    await memory.write(message, revision="")
    (found,) = await memory.store.load([message])
    assert found is not None
    assert found.revision == ""


async def test_a_change_of_status_moves_the_instance_to_another_list(memory: Memory) -> None:
    """Whoever asks for what is stuck must neither miss it nor see what goes on again."""
    other = InstanceKey("opening", "C-2")
    await memory.write(other)
    for status in (Status.RUNNING, Status.SUSPENDED, Status.INCIDENT, Status.WAITING):
        await memory.write(SAGA, status)
        assert await statuses(memory) == [("C-1", status), ("C-2", Status.WAITING)]
        assert ("C-1", status) in await statuses(memory, status)
    assert await statuses(memory, Status.INCIDENT) == []
    await memory.end(SAGA)
    assert await statuses(memory) == [("C-2", Status.WAITING)]


async def test_open_instances_are_counted_by_revision(memory: Memory) -> None:
    """A definition may be dropped when nothing is open under it, and not a moment sooner."""
    ats = [InstanceKey("opening", f"C-{n}") for n in range(20)]
    for n, at in enumerate(ats):
        await memory.write(at, revision=(OLD, NEW)[n % 2])
    await memory.write(InstanceKey("join", "C-1"), revision=OLD)
    await memory.write(SAGA.of_message("m-1"), revision=OLD)
    expected = {("opening", OLD): 10, ("opening", NEW): 10, ("join", OLD): 1}
    assert dict(await memory.store.open_revisions()) == expected
    await memory.write(ats[0], Status.SUSPENDED, revision=OLD)
    assert dict(await memory.store.open_revisions()) == expected
    await memory.write(ats[0], revision=NEW)
    for at in ats[2::2]:
        await memory.end(at)
    assert dict(await memory.store.open_revisions()) == {("opening", NEW): 11, ("join", OLD): 1}


async def test_what_was_not_committed_is_not_counted(memory: Memory) -> None:
    """A number that drifts keeps a definition for ever, or drops it under an open instance."""
    begun = Reaction(ReactionId(content_digest(b"begun")), ())
    rival = Reaction(ReactionId(content_digest(b"rival")), ())
    begin = InstanceWrite(SAGA, None, Status.WAITING, b"{}", revision=OLD)
    commits = [Commit("C-1", (reaction,), (begin,)) for reaction in (begun, begun, rival)]
    results = await memory.store.commit(commits, NOW)
    assert results == [Committed(), Duplicate({begun.id: ()}), Conflict()]
    assert dict(await memory.store.open_revisions()) == {("opening", OLD): 1}
    end = InstanceWrite(SAGA, Instance(begun.id, b"{}", revision=OLD), Status.FAULTED, revision=OLD)
    for _ in range(2):
        await memory.store.commit([Commit("C-1", (rival,), (end,))], NOW)
    assert dict(await memory.store.open_revisions()) == {}
    assert len(await memory.tells.finished(limit=10)) == 1


async def test_what_began_and_ended_at_once_is_finished_all_the_same(memory: Memory) -> None:
    """Both events may lie in one batch: nothing of it was ever open."""
    assert await memory.end(SAGA) == Committed()
    assert dict(await memory.store.open_revisions()) == {}
    assert [found.at for found in await memory.tells.finished(limit=10)] == [SAGA]


async def test_a_write_may_only_insist_on_what_there_is(memory: Memory) -> None:
    """An event that completes nothing, where nothing is remembered, must not overtake another."""
    insist = InstanceWrite(SAGA, None, None)
    commits = [
        Commit("C-1", (Reaction(ReactionId(bytes([n]) * 16), ()),), (insist,)) for n in (1, 2)
    ]
    assert await memory.store.commit(commits[:1], NOW) == [Committed()]
    assert await memory.store.load([SAGA]) == [None]
    assert await memory.tells.finished(limit=10) == []
    await memory.write(SAGA, due=NOW)
    assert await memory.store.commit(commits[1:], NOW) == [Conflict()]
    assert await memory.store.due(NOW, 10) == [Timer(SAGA, NOW)]


async def test_pieces_are_written_and_read_apart(memory: Memory) -> None:
    """One reply of ten thousand must not read or write the other 9,999."""
    await memory.write(SAGA, parts=(Part("a", b"A"), Part("b", b""), Part("c", b"\x00")))
    await memory.write(SAGA, state=b"next", parts=(Part("b", b"B"), Part("c", None)))
    assert (await load(memory, SAGA, "b", "c", "none")).parts == {"b": b"B"}
    assert (await load(memory, SAGA)).parts == {"a": b"A", "b": b"B"}
    (without,) = await memory.store.load([SAGA])
    assert without is not None
    assert (without.state, without.parts) == (b"next", {})
    other = InstanceKey("opening", "C-2")
    assert await memory.store.load([other, SAGA], {SAGA: ["a"]}) == [
        None,
        await load(memory, SAGA, "a"),
    ]


async def test_pieces_of_a_refused_write_are_not_written(memory: Memory) -> None:
    """Only the head's version is checked: a piece may not slip past it."""
    await memory.write(SAGA, parts=(Part("a", b"A", NOW),))
    version = memory.instances.pop(SAGA)
    assert await memory.write(SAGA, parts=(Part("a", b"X"),)) == Conflict()
    memory.instances[SAGA] = version
    assert (await load(memory, SAGA, "a")).parts == {"a": b"A"}
    assert await memory.store.due(NOW, 10) == [Timer(SAGA.of_piece("a"), NOW)]


async def test_a_piece_may_have_a_timer_of_its_own(memory: Memory) -> None:
    """A step that waits for ten days does not keep the whole instance from its own time."""
    parts = (Part("a", b"A", NOW + HOUR), Part("b", b"B", NOW))
    await memory.write(SAGA, due=NOW + 2 * HOUR, parts=parts)
    found = {timer.at: timer.due for timer in await memory.store.due(NOW + 3 * HOUR, 100)}
    assert found == {
        SAGA: NOW + 2 * HOUR,
        SAGA.of_piece("a"): NOW + HOUR,
        SAGA.of_piece("b"): NOW,
    }
    await memory.write(SAGA, parts=(Part("a", b"A"), Part("b", None)))
    assert await memory.store.due(NOW + 3 * HOUR, 100) == []


async def test_a_timer_that_led_to_a_commit_is_set_no_more(memory: Memory) -> None:
    """The write of its instance need not name it, and what is not written stays."""
    await memory.write(SAGA, due=NOW + HOUR, parts=(Part("a", b"A", NOW), Part("b", b"B", NOW)))
    timer = Timer(SAGA.of_piece("a"), NOW)
    assert await memory.write(SAGA, due=NOW + HOUR, timer=timer) == Committed()
    assert await memory.write(SAGA, due=NOW + HOUR, timer=timer) == Conflict()
    found = {each.at for each in await memory.store.due(NOW + 3 * HOUR, 100)}
    assert found == {SAGA, SAGA.of_piece("b")}
    assert (await load(memory, SAGA)).parts == {"a": b"A", "b": b"B"}


async def test_an_end_takes_the_pieces_and_all_timers_along(memory: Memory) -> None:
    """What begins anew under the key must not find anything of the life before."""
    await memory.write(SAGA, due=NOW, parts=(Part("a", b"A", NOW), Part("b", b"B")))
    await memory.end(SAGA)
    assert await memory.store.due(NOW + HOUR, 100) == []
    await memory.write(SAGA)
    assert (await load(memory, SAGA)).parts == {}


@pytest.mark.parametrize("status", FINAL)
async def test_what_has_ended_is_listed_for_a_while(memory: Memory, status: Status) -> None:
    """Somebody asks in the evening what became of it."""
    await memory.write(SAGA, revision=NEW)
    await memory.end(SAGA, status, now=NOW + MS)
    told = FinishedInstance(SAGA, NOW + MS, status, NEW, kept=False)
    assert await memory.tells.finished(limit=10) == [told]
    assert await memory.tells.last_state(SAGA) is None
    await memory.end(InstanceKey("join", "C-1"), now=NOW + HOUR)
    assert told in await memory.tells.finished(limit=10)
    await memory.end(InstanceKey("join", "C-1"), now=NOW + HOUR + MS)
    assert told not in await memory.tells.finished(limit=10)


async def test_not_too_many_that_have_ended_are_listed(memory: Memory) -> None:
    """A million joins a day must not fill the memory with their names."""
    for n in range(3 * RETAINED):
        await memory.end(InstanceKey(f"join-{n}", f"C-{n}"), now=NOW + n * MS)
    found = await memory.tells.finished(limit=1000)
    assert 0 < len(found) <= RETAINED
    assert found[0].at.definition == f"join-{3 * RETAINED - 1}"


async def test_the_last_state_is_kept_with_its_pieces_where_wanted(memory: Memory) -> None:
    """What a workflow came to is looked at after it has ended."""
    await memory.write(SAGA, parts=(Part("a", b"A", NOW), Part("b", b"B")))
    await memory.write(SAGA, Status.FAULTED, b"result", parts=(Part("b", None), Part("c", b"C")))
    assert await memory.store.load([SAGA]) == [None]
    (found,) = await memory.tells.finished(limit=10)
    assert (found.at, found.status, found.kept) == (SAGA, Status.FAULTED, True)
    last = await memory.tells.last_state(SAGA)
    assert last is not None
    assert (last.state, last.status, last.revision) == (b"result", Status.FAULTED, OLD)
    assert last.parts == {"a": b"A", "c": b"C"}
    await memory.write(SAGA, parts=(Part("new", b"N"),))
    assert (await load(memory, SAGA)).parts == {"new": b"N"}
    await memory.write(SAGA, Status.COMPLETED, b"second", parts=(Part("new", None),))
    last = await memory.tells.last_state(SAGA)
    assert last is not None
    assert last.parts == {}


async def test_what_has_ended_can_begin_again(memory: Memory) -> None:
    """As it was kept: what it did may have to be taken back. It ends once more like any other."""
    await memory.write(SAGA, Status.COMPLETED, b"one", parts=(Part("a", b"A"),))
    (ended,) = await memory.store.ended([SAGA])
    assert ended is not None
    assert (ended.state, ended.status, ended.parts) == (b"one", Status.COMPLETED, {"a": b"A"})
    memory.instances[SAGA] = ended
    assert (
        await memory.write(SAGA, Status.COMPENSATING, parts=(Part("a", b"B", NOW),)) == Committed()
    )
    assert (await load(memory, SAGA)).parts == {"a": b"B"}
    assert await memory.store.open_revisions() == {("opening", OLD): 1}
    assert await memory.write(SAGA, Status.CANCELLED, b"two") == Committed()
    (again,) = await memory.store.ended([SAGA])
    assert again is not None
    assert (again.state, again.status, again.parts) == (b"two", Status.CANCELLED, {"a": b"B"})
    assert await memory.store.open_revisions() == {}


async def test_what_has_ended_begins_again_once(memory: Memory) -> None:
    """Not while another is open, and not if it has begun and ended again since it was looked at."""
    await memory.write(SAGA, Status.COMPLETED, b"one")
    (ended,) = await memory.store.ended([SAGA])
    assert ended is not None
    await memory.write(SAGA)
    other = memory.instances.pop(SAGA)
    memory.instances[SAGA] = ended
    assert await memory.write(SAGA) == Conflict()
    memory.instances[SAGA] = other
    assert await memory.write(SAGA, Status.FAULTED, b"two") == Committed()
    memory.instances[SAGA] = ended
    assert await memory.write(SAGA) == Conflict()
    assert await memory.store.load([SAGA]) == [None]


async def test_what_was_not_kept_cannot_begin_again(memory: Memory) -> None:
    """Whoever asks for it is told so, each beside the others."""
    await memory.write(SAGA, Status.COMPLETED, b"one")
    found = await memory.store.ended([InstanceKey("join", "C-1"), SAGA])
    assert [each and each.state for each in found] == [None, b"one"]


async def test_many_ends_do_not_displace_what_is_kept(memory: Memory) -> None:
    """A busy join would otherwise push every workflow out of the list within a minute."""
    await memory.write(SAGA, Status.COMPLETED, b"result")
    for n in range(3 * RETAINED):
        await memory.end(InstanceKey(f"join-{n}", "C-1"), now=NOW + n * MS)
    (found, *_) = await memory.tells.finished(definition="opening", limit=10)
    assert found.at == SAGA


async def test_what_has_ended_is_chosen_and_paged(memory: Memory) -> None:
    """By rule, by status, by key: one page after the other holds each once, the last first."""
    for n in range(30):
        at = InstanceKey(("join", "opening")[n % 2], f"C-{n % 7}")
        status = FINAL[n % 3]
        await memory.write(at, status, b"x" if n % 2 else None, now=NOW + (n % 10) * MS)
    every = await memory.tells.finished(limit=1000)
    assert [each.ended for each in every] == sorted((e.ended for e in every), reverse=True)
    pages, after = [], None
    while page := await memory.tells.finished(after=after, limit=4):
        pages += page
        after = page[-1]
    assert pages == every
    chosen = await memory.tells.finished(definition="join", status=Status.FAULTED, limit=100)
    assert chosen == [e for e in every if (e.at.definition, e.status) == ("join", Status.FAULTED)]
    assert await memory.tells.finished(status=Status.CANCELLED, key="C-2", limit=100) == [
        e for e in every if (e.status, e.at.key) == (Status.CANCELLED, "C-2")
    ]


async def test_texts_of_definitions_are_kept_and_dropped(memory: Memory) -> None:
    """Instances live on under definitions that are in no file any more."""
    store = memory.store
    await store.put_definitions({}, NOW)
    await store.put_definitions({OLD: '{"when": "ü"}', NEW: "{}"}, NOW)
    await store.put_definitions({NEW: "{}"}, NOW + HOUR)
    assert dict(await store.definitions()) == {
        OLD: KeptDefinition('{"when": "ü"}', NOW),
        NEW: KeptDefinition("{}", NOW + HOUR),
    }
    await store.drop_definitions([])
    await store.drop_definitions([OLD, "unknown"])
    assert list(await store.definitions()) == [NEW]
