"""Workflows that run workflows, in the engine: what has ended is taken back all the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.status import Status
from orchestrator.engine.archive import Archive
from orchestrator.engine.recalling import Recaller
from orchestrator.ports import InstanceKey
from tests.engine.answering import answer, event, reply
from tests.engine.interference import Fuse, Gate, crash_everywhere, survived
from tests.engine.messages import CHANNEL, raw
from tests.engine.world import NOW, World
from tests.engine.written import types, written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.ports import InstanceWrite, Store
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life

EVENTS = ["Wanted", "ADone", "BDone", "XDone", "ZDone", "ZDenied"]
COMMANDS = ["DoA", "UndoA", "DoB", "UndoB", "DoX", "UndoX", "DoZ", "Failed", "Other"]
PARENT = """
  - name: parent
    when: Wanted
    announce: none
    steps:
      x: {send: DoX, await: XDone, compensate: UndoX}
      child: {run: child, with: {n: 1}}
      z: {send: DoZ, await: ZDone, fail_on: ZDenied}
    otherwise: [Failed]
"""
CHILD = """
  - name: child
    announce: none
    steps:
      a: {send: DoA, await: ADone, compensate: UndoA}
      b: {for_each: range(3), max_parallel: 3, send: DoB, with: {n: "${item}"}, await: BDone,
          compensate: {send: UndoB, with: {n: "${item}"}}}
"""
BOTH = f"workflows:\n{PARENT}{CHILD}"
SEVERAL = BOTH.replace("{run: child, with: {n: 1}}", "{for_each: range(40), run: child}")
AT, CHILD_AT = InstanceKey("parent", "K-1"), InstanceKey("child", "K-1/parent.child")
DONE = ["DoX", "StartWorkflow", "DoA", "DoB", "DoB", "DoB", "instance.completed", "DoZ"]
TAKEN_BACK = [
    *("CompensateWorkflow", "UndoB", "UndoB", "UndoB", "UndoA"),
    *("instance.compensated", "UndoX", "Failed"),
]


def world(store: Store, text: str = BOTH) -> World:
    this = World(store)
    this.rulebook = written(text, types(EVENTS, COMMANDS))
    return this


async def begin(this: World, **options: Any) -> int:
    await this.publish(event("Wanted", "s-1"))
    await this.run()
    return await answer(this, **options)


def kinds(this: World) -> list[str]:
    return [str(one.type) for one in {one.id: one for one in this.sent}.values()]


@pytest.mark.parametrize("batch_size", [1, 100], ids=["apart", "together"])
async def test_a_workflow_that_completed_is_taken_back(
    new_store: NewStore, batch_size: int
) -> None:
    """It ended long before its parent failed; its items go back too, and all in reverse order."""
    this = world(new_store())
    await begin(this, batch_size=batch_size)
    assert kinds(this) == DONE + TAKEN_BACK
    undone = [orjson.loads(one.body)["data"] for one in this.sent if one.type == "UndoB"]
    assert undone == [{"n": 2}, {"n": 1}, {"n": 0}]
    assert this.dead_letters == []
    assert await this.store.load([AT, CHILD_AT]) == [None, None]
    last = await this.store.ended([AT, CHILD_AT])
    assert [one and one.status for one in last] == [Status.FAULTED, Status.CANCELLED]
    assert await this.store.open_revisions() == {}


async def test_many_that_completed_are_taken_back(new_store: NewStore) -> None:
    """One per item of a list: the last first, as many at once as ran at once."""
    this = world(new_store(), SEVERAL)
    await begin(this, batch_size=100)
    keys = [
        orjson.loads(one.body)["correlationid"]
        for one in this.sent
        if one.type == "CompensateWorkflow"
    ]
    assert keys == [f"K-1/parent.child[{index}]" for index in reversed(range(40))]
    assert [kinds(this).count(kind) for kind in ("UndoA", "UndoB", "UndoX")] == [40, 120, 1]
    assert this.dead_letters == []
    assert await this.store.open_revisions() == {}


async def test_what_is_not_remembered_any_more_needs_a_person() -> None:
    """The parent says which step cannot be taken back, and why; it does not wait for ever."""
    this = world(MemoryStore())
    await begin(this, but="DoZ")
    this.store._graves._states.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - time passed
    answered = await answer(this)
    this.clock.moment = NOW + timedelta(minutes=1)  # its start is not on its way
    assert await this.fire() == 1
    await answer(this, answered=answered)
    (found, child) = await this.store.load([AT, CHILD_AT])
    assert found is not None
    assert (found.status, child) == (Status.INCIDENT, None)
    assert "not remembered" in orjson.loads(found.state)["incidents"]["child~"]


async def test_an_end_and_its_recall_may_come_together(new_store: NewStore) -> None:
    """In one batch: what has just ended is looked for once that is written."""
    this = world(new_store(), BOTH)
    await begin(this, but="DoB")
    asked = [one for one in this.sent if one.type == "DoB"]
    recall = {"workflow": "child", "parent": {"workflow": "parent", "key": "K-1"}}
    told: dict[str, Any] = {"specversion": "1.0", "id": "x.child~.1", "source": "orchestrator"}
    told |= {"type": "CompensateWorkflow", "correlationid": "K-1/parent.child", "data": recall}
    replies = [come for one in asked if (come := reply(one))]
    await this.publish(*replies, raw(orjson.dumps(told)))
    await this.run(batch_size=100)
    assert kinds(this)[-6:] == [
        *("instance.completed", "UndoB", "UndoB", "UndoB", "UndoA", "instance.compensated")
    ]
    assert this.dead_letters == []


async def test_what_is_over_makes_room_for_the_next(new_store: NewStore) -> None:
    """A start behind a recall that finds nothing to take back begins an instance of its own."""
    this = world(new_store())
    await begin(this)
    again = [one for one in this.sent if one.type in {"CompensateWorkflow", "StartWorkflow"}]
    told = [orjson.loads(one.body) | {"id": f"again-{one.type}"} for one in reversed(again)]
    await this.publish(*(raw(orjson.dumps(one)) for one in told))
    before = len(this.sent)
    await this.run(batch_size=100)
    assert [one.type for one in this.sent[before:]] == ["instance.compensated", "DoA"]


def crashing(new_store: NewStore, make: Callable[[Store], World]) -> Life:
    """Return a life in which the parent fails, and dies when its fuse blows."""

    async def live(fuse: Fuse) -> list[str]:
        this = make(new_store())
        answered = await begin(this, but="DoZ")
        await this.publish(
            *(come for one in this.sent if one.type == "DoZ" and (come := reply(one)))
        )
        with survived():
            await this.run(between=fuse)
            await answer(this, answered=answered, between=fuse)
        await recover(this, answered)
        found = kinds(this)
        return [] if found == DONE + TAKEN_BACK and not this.dead_letters else [str(found)]

    return live


async def recover(this: World, answered: int) -> None:
    """Let another process go on: with the queue, and with what is in the outbox."""
    while True:
        await this.run()
        await answer(this, answered=answered)
        entries = [entry async for entry in this.store.outbox(NOW + timedelta(hours=1))]
        if not entries:
            return
        for entry in entries:
            await this.broker.publish(entry.messages)
            await this.store.settle([entry.settlement])


async def test_no_crash_takes_back_twice_or_not_at_all(new_store: NewStore) -> None:
    """Each thing once, in the same order, wherever the process dies."""
    crashes = await crash_everywhere(crashing(new_store, world))
    assert crashes.problems == []
    assert crashes.calls > 20


class NoOutbox(MemoryStore):
    """Wrong: what is committed and not yet sent is nowhere."""

    async def commit(self, *arguments: Any) -> Any:
        results = await super().commit(*arguments)
        self._outbox.clear()
        return results


async def test_the_crash_points_notice_a_store_without_an_outbox() -> None:
    """Negative control: a suite that lets this pass proves nothing."""
    assert (await crash_everywhere(crashing(NoOutbox, world))).problems


class Trusting(MemoryStore):
    """Wrong: begins again whatever somebody saw, be it that others did so since."""

    def _is_as_expected(self, write: InstanceWrite) -> bool:
        return super()._is_as_expected(replace(write, expected=None) if write.recalled else write)


async def race(store: Store) -> list[str]:
    """Let a replica see what has ended, and stop; another takes it back; then the first goes on."""
    this = world(store)
    answered = await begin(this, but="CompensateWorkflow")
    (recall,) = [one for one in this.sent if one.type == "CompensateWorkflow"]
    slow = world(store)
    second = orjson.loads(recall.body) | {"id": str(recall.id)[:-1] + "2"}
    await slow.publish(raw(orjson.dumps(second)))
    gate = Gate("commit")
    going = asyncio.create_task(slow.run(between=gate))
    await gate.reached_by(1)
    await this.publish(replace(recall, routing_key=CHANNEL))
    await this.run()
    await answer(this, answered=answered, but="CompensateWorkflow")
    gate.open()
    await going
    return [str(one.type) for one in slow.sent]


async def test_two_replicas_do_not_take_back_twice(new_store: NewStore) -> None:
    """That no instance is open does not tell that none was, a moment ago."""
    assert await race(new_store()) == ["instance.compensated"]


async def test_the_race_notices_a_store_that_trusts() -> None:
    """Negative control: without a look at what was kept, everything is taken back again."""
    assert "UndoA" in await race(Trusting())


async def test_a_workflow_that_changed_is_taken_back_as_it_was(new_store: NewStore) -> None:
    """What it did is undone by the wording that did it, hours after nothing of it was open."""
    this = world(new_store())
    engine, _ = this.engine()
    patience = engine._patience  # noqa: SLF001 - they share it
    archive = Archive(this.store, this.clock, patience, retention=timedelta(hours=24))
    await archive.keep(this.rulebook)
    await begin(this, but="DoZ")
    this.rulebook = written(BOTH.replace("UndoA", "Other"), types(EVENTS, COMMANDS))
    await archive.keep(this.rulebook)
    this.clock.moment = NOW + timedelta(hours=20)
    await archive.tidy(this.rulebook, await archive.recall(this.rulebook))
    await answer(
        this,
    )
    assert kinds(this) == DONE + TAKEN_BACK
    assert this.dead_letters == []


async def test_without_its_wording_it_would_be_undone_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control for the test above."""
    complete: Callable[..., Awaitable[Any]] = Recaller.complete

    async def careless(self: Recaller, cases: Any, instances: Any, rulebook: Any) -> Any:
        _, found = await complete(self, cases, instances, rulebook)
        renamed = [
            one and (replace(one, revision="") if one.status.final else one) for one in found
        ]
        return cases, renamed

    monkeypatch.setattr(Recaller, "complete", careless)
    with pytest.raises(AssertionError):
        await test_a_workflow_that_changed_is_taken_back_as_it_was(MemoryStore)
