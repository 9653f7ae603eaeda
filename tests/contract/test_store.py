"""What every store must do, whichever it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.decision import Instance
from orchestrator.core.envelope import encode
from orchestrator.core.event import Message, Outgoing
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import Status
from orchestrator.ports import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    InstanceWrite,
    Reaction,
    Settlement,
    Store,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
JOIN = InstanceKey("join", "C-1")


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    url = request.getfixturevalue("redis_url")
    store = RedisStore(url, namespace=unique, shards=4)
    yield store
    await store.close()


def reaction(name: str, *messages: Message) -> Reaction:
    return Reaction(ReactionId(content_digest(name.encode())), messages)


def message(message_id: str) -> Message:
    return encode(
        Outgoing(
            id=message_id,
            type="SendAcknowledgment",
            channel="notify.v1",
            source="orchestrator",
            time=NOW + timedelta(microseconds=123),
            data={"to": "ünï@example.org", "amount": 1.5, "none": None},
            correlation_id="C-1",
            subject="C-1",
            causation_id="e-1",
            rule="complaint-intake",
            revision="abc",
        )
    )


def write(
    expected: Reaction | None, state: bytes | None, due: datetime | None = None
) -> tuple[InstanceWrite, ...]:
    """Return what keeps `state` from now on, or ends the instance."""
    before = Instance(expected.id, b"") if expected else None
    status = Status.WAITING if state is not None else Status.COMPLETED
    return (InstanceWrite(JOIN, before, status, state, due),)


async def test_a_commit_is_applied_once(store: Store) -> None:
    """A redelivery must find that its reaction is done, and what it still has to publish."""
    sent = reaction("a", message("1"), message("2"))
    commit = Commit("C-1", (sent,))
    assert await store.commit([commit], NOW) == [Committed()]
    assert await store.commit([commit], NOW) == [Duplicate({sent.id: sent.messages})]


async def test_a_settled_reaction_leaves_only_its_marker(store: Store) -> None:
    """Once confirmed, nothing is published again, but the reaction stays done."""
    sent = reaction("a", message("1"))
    await store.commit([Commit("C-1", (sent,))], NOW)
    for _ in range(2):
        await store.settle([Settlement("C-1", sent.id)])
    assert await store.commit([Commit("C-1", (sent,))], NOW) == [Duplicate({sent.id: ()})]
    assert await store.outbox_size() == 0


async def test_commits_of_many_keys_answer_in_order(store: Store) -> None:
    """Shards must not mix up whose commit was a duplicate."""
    known = [reaction(f"{n}", message(f"{n}")) for n in range(0, 40, 3)]
    await store.commit([Commit(f"C-{n * 3}", (r,)) for n, r in enumerate(known)], NOW)
    results = await store.commit(
        [Commit(f"C-{n}", (reaction(f"{n}", message(f"{n}")),)) for n in range(40)], NOW
    )
    assert [n for n in range(40) if isinstance(results[n], Duplicate)] == list(range(0, 40, 3))


async def test_the_same_reaction_twice_in_one_call_is_a_duplicate(store: Store) -> None:
    """A batch may hold both deliveries of one event."""
    commit = Commit("C-1", (reaction("a", message("1")),))
    first, second = await store.commit([commit, commit], NOW)
    assert first == Committed()
    assert isinstance(second, Duplicate)


async def test_an_instance_is_written_only_on_the_version_it_was_decided_on(store: Store) -> None:
    """Of two replicas that decide for one key at once, one must decide again."""
    one, two, three = reaction("1"), reaction("2"), reaction("3")
    assert await store.load([JOIN]) == [None]
    first = await store.commit([Commit("C-1", (one,), write(None, b"A"))], NOW)
    second = await store.commit([Commit("C-1", (two,), write(None, b"B"))], NOW)
    assert (first, second) == ([Committed()], [Conflict()])
    (instance,) = await store.load([JOIN])
    assert instance is not None
    assert (instance.version, instance.state) == (one.id, b"A")
    third = await store.commit([Commit("C-1", (three,), write(one, b"AB"))], NOW)
    assert third == [Committed()]


async def test_a_conflict_writes_nothing(store: Store) -> None:
    """What is decided again must not find its own marker."""
    lost = Commit("C-1", (reaction("x", message("1")),), write(reaction("other"), b"X"))
    assert await store.commit([lost], NOW) == [Conflict()]
    assert await store.outbox_size() == 0
    assert await store.commit([lost], NOW) == [Conflict()]


async def test_an_instance_that_ended_and_came_back_is_another_one(store: Store) -> None:
    """A decision on an instance that has ended since must not be written onto its successor."""
    one, end, again = reaction("1"), reaction("end"), reaction("again")
    await store.commit([Commit("C-1", (one,), write(None, b"A"))], NOW)
    await store.commit([Commit("C-1", (end,), write(one, None))], NOW)
    assert await store.load([JOIN]) == [None]
    await store.commit([Commit("C-1", (again,), write(None, b"A"))], NOW)
    late = Commit("C-1", (reaction("late"),), write(one, b"AB"))
    assert await store.commit([late], NOW) == [Conflict()]


async def test_one_duplicate_keeps_the_whole_commit_out(store: Store) -> None:
    """The state was decided as if all its signals were new: it must be decided again."""
    old, new = reaction("old", message("1")), reaction("new", message("2"))
    await store.commit([Commit("C-1", (old,), write(None, b"A"))], NOW)
    both = Commit("C-1", (old, new), write(old, b"AAB"))
    assert await store.commit([both], NOW) == [Duplicate({old.id: old.messages})]
    only = Commit("C-1", (new,), write(old, b"AB"))
    assert await store.commit([only], NOW) == [Committed()]


async def test_the_outbox_yields_what_is_old_enough(store: Store) -> None:
    """The sweeper must not send again what another replica is just sending."""
    old, young = reaction("old", message("1")), reaction("young", message("2"))
    await store.commit([Commit("C-1", (old,))], NOW)
    await store.commit([Commit("C-2", (young,))], NOW + timedelta(seconds=40))
    entries = [entry async for entry in store.outbox(NOW + timedelta(seconds=30))]
    assert [(e.settlement, e.messages, e.committed_at) for e in entries] == [
        (Settlement("C-1", old.id), old.messages, NOW)
    ]
    await store.settle([entry.settlement for entry in entries])
    assert await store.outbox_size() == 1


async def test_a_marker_outlives_the_dedupe_window(store: Store) -> None:
    """A duplicate just inside the window must be recognised, also across the window's edge."""
    commit = Commit("C-1", (reaction("a", message("1")),))
    await store.commit([commit], NOW)
    (result,) = await store.commit([commit], NOW + timedelta(hours=23, minutes=59))
    assert isinstance(result, Duplicate)


async def due(store: Store, now: datetime) -> list[Timer]:
    return await store.due(now, 100)


async def test_a_timer_is_due_at_its_time_and_not_before(store: Store) -> None:
    """Early would turn an answer that is on its way into "nobody answered"."""
    moment = NOW + timedelta(seconds=5, microseconds=400)
    await store.commit([Commit("C-1", (reaction("1"),), write(None, b"A", moment))], NOW)
    assert await due(store, moment) == []
    assert await due(store, moment + timedelta(milliseconds=1)) == [
        Timer(JOIN, NOW + timedelta(seconds=5, milliseconds=1))
    ]


async def test_a_write_moves_or_removes_the_timer(store: Store) -> None:
    """An instance has one timer: the one of its last write."""
    one, two = reaction("1"), reaction("2")
    await store.commit([Commit("C-1", (one,), write(None, b"A", NOW))], NOW)
    later = NOW + timedelta(hours=1)
    await store.commit([Commit("C-1", (two,), write(one, b"B", later))], NOW)
    assert await due(store, NOW) == []
    assert await due(store, later) == [Timer(JOIN, later)]
    await store.commit([Commit("C-1", (reaction("3"),), write(two, None))], NOW)
    assert await due(store, later) == []


async def test_a_timer_fires_once(store: Store) -> None:
    """Any number of replicas may see that it is due; one of them commits."""
    one = reaction("1")
    await store.commit([Commit("C-1", (one,), write(None, b"A", NOW))], NOW)
    (timer,) = await due(store, NOW)
    fire = Commit("C-1", (reaction("fired"),), write(one, None), timer)
    rival = Commit("C-1", (reaction("rival"),), write(one, None), timer)
    assert await store.commit([fire, rival], NOW) == [Committed(), Conflict()]


async def test_a_timer_that_was_moved_does_not_fire(store: Store) -> None:
    """An event that came first decides, although the timer was already read as due."""
    one, two = reaction("1"), reaction("2")
    await store.commit([Commit("C-1", (one,), write(None, b"A", NOW))], NOW)
    (timer,) = await due(store, NOW)
    later = NOW + timedelta(hours=1)
    await store.commit([Commit("C-1", (two,), write(one, b"A", later))], NOW)
    fire = Commit("C-1", (reaction("fired"),), write(two, None), timer)
    assert await store.commit([fire], NOW) == [Conflict()]


async def test_timers_come_in_the_order_they_are_due(store: Store) -> None:
    """After downtime the oldest must not wait behind the newest."""
    moments = [NOW + timedelta(seconds=(n * 7) % 30) for n in range(30)]
    for n, moment in enumerate(moments):
        at = InstanceKey("join", f"C-{n}")
        change = InstanceWrite(at, None, Status.WAITING, b"A", moment)
        await store.commit([Commit(at.key, (reaction(f"{n}"),), (change,))], NOW)
    found = await store.due(NOW + timedelta(minutes=1), 10)
    assert found
    assert [timer.due for timer in found] == sorted(moments)[: len(found)]


async def test_messages_for_later_are_instances_of_their_own(store: Store) -> None:
    """A stateless rule may send several later; each has its own timer, beside the rule's state."""
    parts = [InstanceKey("rule", "C-1").of_message(name) for name in ("m-1", "m-2")]
    writes = tuple(
        InstanceWrite(at, None, Status.WAITING, at.message.encode(), NOW) for at in parts
    )
    await store.commit([Commit("C-1", (reaction("1", message("1")),), writes)], NOW)
    assert {timer.at for timer in await due(store, NOW)} == set(parts)
    found = await store.load([*parts, InstanceKey("rule", "C-1")])
    assert [instance and instance.state for instance in found] == [b"m-1", b"m-2", None]


async def test_a_clock_that_goes_backwards_hides_no_marker(store: Store) -> None:
    """Replicas' clocks differ: one may still be in the window before that of the marker."""
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    commit = Commit("C-1", (reaction("a", message("1")),))
    await store.commit([commit], midnight + timedelta(seconds=1))
    (result,) = await store.commit([commit], midnight - timedelta(seconds=1))
    assert isinstance(result, Duplicate)
