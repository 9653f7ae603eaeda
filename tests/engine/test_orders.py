"""What an operator does to what is remembered, while the engine goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.decision import Instance
from orchestrator.core.ids import ReactionId, content_digest
from orchestrator.core.status import Status
from orchestrator.engine.orders import cancel, cancel_timer, carry_out
from orchestrator.ports import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    InstanceWrite,
    Reaction,
    Store,
    Timer,
)

if TYPE_CHECKING:
    from orchestrator.engine.orders import Order
    from tests.engine.conftest import NewStore

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DUE = NOW + timedelta(hours=1)
JOIN = InstanceKey("join", "C-1")
MESSAGES = [InstanceKey("rule", "C-1").of_message(name) for name in ("m-1", "m-2")]


def committed(name: str) -> ReactionId:
    return ReactionId(content_digest(name.encode()))


def commit(name: str, *writes: InstanceWrite, timer: Timer | None = None) -> Commit:
    return Commit("C-1", (Reaction(committed(name), ()),), writes, timer)


@pytest.fixture
async def store(new_store: NewStore) -> Store:
    """A store of each kind that remembers one instance and two messages, all with a timer."""
    store = new_store()
    writes = [InstanceWrite(at, None, Status.WAITING, b"{}", DUE) for at in (JOIN, *MESSAGES)]
    assert await store.commit([commit("begun", *writes)], NOW) == [Committed()]
    return store


async def timers(store: Store) -> set[InstanceKey]:
    return {timer.at for timer in await store.due(DUE, 100)}


async def states(store: Store) -> list[bytes | None]:
    return [found.state if found else None for found in await store.load([JOIN, *MESSAGES])]


async def test_cancelling_ends_the_instance_and_its_timer_together(store: Store) -> None:
    """A timer without its instance would fire for nothing, one without a timer waits for ever."""
    assert await carry_out(store, cancel, [JOIN], NOW) == []
    assert await states(store) == [None, b"{}", b"{}"]
    assert await timers(store) == set(MESSAGES)


async def test_cancelling_a_timer_leaves_what_is_remembered(store: Store) -> None:
    """The events that are still to come find their partner."""
    assert await carry_out(store, cancel_timer, [JOIN], NOW) == []
    assert await states(store) == [b"{}", b"{}", b"{}"]
    assert await timers(store) == set(MESSAGES)


async def test_messages_kept_by_one_reaction_are_cancelled_apart(store: Store) -> None:
    """They carry one version; an order for one is not a repetition of that for the other."""
    for at in MESSAGES:
        assert await carry_out(store, cancel_timer, [at], NOW) == []
    assert await states(store) == [b"{}", None, None]
    assert await timers(store) == {JOIN}


@pytest.mark.parametrize("order", [cancel, cancel_timer])
async def test_what_changed_meanwhile_stays(store: Store, order: Order) -> None:
    """An operator cancels what was seen, not what an event has made of it since."""
    (instance,) = await store.load([JOIN])
    assert instance is not None
    event = commit("event", InstanceWrite(JOIN, instance, Status.WAITING, b"[1]", DUE))
    await store.commit([event], NOW)
    assert await store.commit([order(JOIN, instance)], NOW) == [Conflict()]
    assert await states(store) == [b"[1]", b"{}", b"{}"]


async def test_a_change_between_looking_and_cancelling_is_told(store: Store) -> None:
    """Whoever believes it to be cancelled would not look again."""

    def overtaken(at: InstanceKey, instance: object) -> Commit:
        del instance
        return commit(
            "order", InstanceWrite(at, Instance(committed("older"), b"{}"), Status.CANCELLED)
        )

    assert await carry_out(store, overtaken, [JOIN], NOW) == [JOIN]


async def test_an_order_repeated_after_a_lost_answer_changes_nothing(store: Store) -> None:
    """What began anew under the key meanwhile is not what the operator saw."""
    (instance,) = await store.load([JOIN])
    assert instance is not None
    order = cancel(JOIN, instance)
    await store.commit([order], NOW)
    await store.commit(
        [commit("anew", InstanceWrite(JOIN, None, Status.WAITING, b"[2]", DUE))], NOW
    )
    assert await store.commit([order], NOW) == [Duplicate({order.reactions[0].id: ()})]
    assert (await states(store))[0] == b"[2]"


async def test_a_timer_that_fires_at_that_moment_wins_or_loses_as_a_whole(store: Store) -> None:
    """Both decide on the same version: one of them is refused, whichever came second."""
    (instance,) = await store.load([JOIN])
    assert instance is not None
    fired = commit("fired", InstanceWrite(JOIN, instance, Status.COMPLETED), timer=Timer(JOIN, DUE))
    results = await store.commit([cancel(JOIN, instance), fired], NOW)
    assert results == [Committed(), Conflict()]


async def test_what_has_ended_needs_no_order(store: Store) -> None:
    """Cancelling twice is no error."""
    for _ in range(2):
        assert await carry_out(store, cancel, [JOIN], NOW) == []
