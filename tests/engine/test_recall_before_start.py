"""A workflow that is taken back before it began: another replica still has its start in hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.status import Status
from orchestrator.core.workflow import machine
from orchestrator.core.workflow.children import expect_start, give_up_waiting
from tests.engine.answering import answer, event
from tests.engine.interference import Gate
from tests.engine.messages import CHANNEL, raw
from tests.engine.test_sub_workflows import AT, CHILD_AT, kinds, world
from tests.engine.world import NOW

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore
    from tests.engine.world import World

LATER = NOW + timedelta(minutes=1)


def of_type(kind: str, event_id: str, key: str, **data: Any) -> Message:
    told = {"specversion": "1.0", "id": event_id, "source": "test", "type": kind}
    return raw(orjson.dumps(told | {"correlationid": key, "data": data}))


async def started(store: Store) -> tuple[World, Message, int]:
    """Return a world in which a parent has sent its child's start, and nobody has seen that."""
    this = world(store)
    await this.publish(event("Wanted", "s-1"))
    await this.run()
    answered = await answer(this, but="StartWorkflow")
    (start,) = [one for one in this.sent if one.type == "StartWorkflow"]
    return this, replace(start, routing_key=CHANNEL), answered


async def take_back(this: World, answered: int) -> int:
    """Cancel the parent, and let the child hear of it."""
    await this.publish(of_type("InstanceOrder", "o-1", "K-1", workflow="parent", order="cancel"))
    await this.run()
    return await answer(this, answered=answered, but="StartWorkflow")


async def overtaken(store: Store) -> World:
    """Let the recall come first, and the start behind it."""
    this, start, answered = await started(store)
    answered = await take_back(this, answered)
    await this.publish(start)
    await this.run()
    await answer(this, answered=answered)
    return this


async def overtaken_in_hand(store: Store) -> World:
    """Let a replica stop over the start, when it has decided and before it commits."""
    this, start, answered = await started(store)
    slow = world(store)
    await slow.publish(start)
    gate = Gate("commit")
    going = asyncio.create_task(slow.run(between=gate))
    await gate.reached_by(1)
    answered = await take_back(this, answered)
    gate.open()
    await going
    await this.publish(*(replace(one, routing_key=CHANNEL) for one in slow.sent))
    await this.run()
    await answer(this, answered=answered)
    assert [one.type for one in slow.sent] == ["instance.compensated"]
    return this


@pytest.mark.parametrize("race", [overtaken, overtaken_in_hand])
async def test_it_does_not_begin_any_more(new_store: NewStore, race: Any) -> None:
    """Its parent goes on at once, and nothing is left a minute later."""
    this = await race(new_store())
    assert "DoA" not in kinds(this)
    assert kinds(this)[-2:] == ["UndoX", "Failed"]
    assert [one and one.status for one in await this.store.ended([AT])] == [Status.CANCELLED]
    assert await this.store.due(LATER - timedelta(seconds=1), 10) == []
    this.clock.moment = LATER
    assert await this.fire() == 1
    assert await this.store.open_revisions() == {}
    assert [one and one.status for one in await this.store.ended([CHILD_AT])] == [Status.CANCELLED]
    assert this.dead_letters == []


async def test_the_race_notices_a_recall_that_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: where the recall leaves nothing behind, the child begins for nobody."""

    def at_once(*arguments: Any) -> Any:
        run = expect_start(*arguments)
        give_up_waiting(run)
        return run

    monkeypatch.setattr(machine, "expect_start", at_once)
    with pytest.raises(AssertionError):
        await test_it_does_not_begin_any_more(MemoryStore, overtaken)


async def test_somebody_elses_start_is_kept(new_store: NewStore) -> None:
    """It is a dead letter that says why, and not taken for the parent's."""
    this, _, answered = await started(new_store())
    await take_back(this, answered)
    await this.publish(of_type("StartWorkflow", "p-1", CHILD_AT.key, workflow="child", input={}))
    await this.run()
    (letter,) = this.dead_letters
    assert "kept from beginning for a minute" in str(letter.headers["x-error"])
    assert "DoA" not in kinds(this)


async def test_what_a_recall_waits_for_is_no_order(new_store: NewStore) -> None:
    """Nobody can cancel or suspend what never began."""
    this, _, answered = await started(new_store())
    await take_back(this, answered)
    await this.publish(
        of_type("InstanceOrder", "o-2", CHILD_AT.key, workflow="child", order="suspend")
    )
    await this.run()
    (letter,) = this.dead_letters
    assert "was recalled before it began" in str(letter.headers["x-error"])
