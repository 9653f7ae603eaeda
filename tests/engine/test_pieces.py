"""Instances of several pieces: what is loaded, decided and written of one reply among many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.adapters.redis import RedisStore
from orchestrator.core.decision import (
    Decision,
    Elapsed,
    Instance,
    Part,
    Signal,
    emit,
    finish,
    ignore,
    remember,
    want,
)
from orchestrator.core.event import Outgoing
from orchestrator.core.ids import ReactionId, message_id
from orchestrator.core.status import Status
from orchestrator.engine.case import to_load
from orchestrator.errors import ExpressionError
from orchestrator.ports import Commit, InstanceKey, InstanceWrite, Reaction
from tests.engine.definitions import Pairs
from tests.engine.messages import filed
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from orchestrator.core.event import Event
    from orchestrator.ports import Inspection, Store

AT = InstanceKey("tasks", "C-1")
PATIENCE = timedelta(hours=1)


def fields(event: Event) -> dict[str, Any]:
    """Return the data of an event of these tests: a map."""
    assert isinstance(event.data, dict)
    return event.data


def task_of(event: Event) -> str:
    return str(fields(event)["task"])


@dataclass(frozen=True)
class Tasks(Pairs):
    """Begins ``data.tasks`` tasks, each a piece with a timer, and ends when the last one is done.

    What is told in the end needs all pieces; nothing before does.
    """

    name: str = "tasks"
    revision: str = "cccccccccccc"
    triggers: tuple[str, ...] = ("Begun", "Done")

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return the task that is done."""
        return (task_of(event),) if event.type == "Done" else ()

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Begin all tasks, or end one."""
        if isinstance(signal, Elapsed):
            assert instance is not None
            if signal.part == "broken":
                raise ExpressionError("no field named amount")
            return self._ended(instance, signal, signal.part, b"late")
        if signal.event.type == "Begun":
            names = fields(signal.event)["tasks"]
            parts = tuple(Part(name, b"", signal.now + PATIENCE) for name in names)
            state = b"%d/%d" % (len(names), len(names))
            return remember(state, parts=parts, status=Status.RUNNING)
        task = task_of(signal.event)
        if instance is None or instance.parts.get(task) != b"":
            return emit(())
        return self._ended(instance, signal, task, b"done")

    def _ended(
        self, instance: Instance, signal: Signal | Elapsed, task: str, how: bytes
    ) -> Decision:
        left, total = map(int, instance.state.split(b"/"))
        if left > 1:
            state = b"%d/%d" % (left - 1, total)
            return remember(state, parts=(Part(task, how),), status=Status.RUNNING)
        if len(instance.parts) < total:
            return want()
        told = {name: state.decode() for name, state in {**instance.parts, task: how}.items()}
        outgoing = Outgoing(
            id=message_id(signal.reaction, 0),
            type="AllDone",
            channel="notify.v1",
            source=signal.source,
            time=signal.now,
            data=told,
            correlation_id="C-1",
        )
        return finish(b"over", Status.COMPLETED, (outgoing,), parts=(Part(task, how),))


def told(this: World) -> list[object]:
    return [orjson.loads(message.body)["data"] for message in this.sent]


@pytest.mark.parametrize("batch_size", [1, 100], ids=["apart", "together"])
async def test_a_reply_finds_its_piece_and_the_last_one_all(store: Store, batch_size: int) -> None:
    """One after the other or in one batch, and once each: it comes to the same."""
    this = World(store, Tasks())
    names = [f"t{n}" for n in range(10)]
    done = [filed(f"e{n}", "C-1", "Done", task=name) for n, name in enumerate(names)]
    await this.publish(filed("b", "C-1", "Begun", tasks=names))
    await this.publish(*done[:5], *done[:2])
    await this.run(batch_size=batch_size)
    (open_now,) = await store.load([AT])
    assert open_now is not None
    assert (open_now.state, open_now.status, open_now.revision) == (
        b"5/10",
        Status.RUNNING,
        "cccccccccccc",
    )
    await this.publish(*done)
    await this.run(batch_size=batch_size)
    assert told(this) == [dict.fromkeys(names, "done")]
    assert await store.load([AT]) == [None]
    assert await store.due(NOW + 2 * PATIENCE, 100) == []


class Selective(Tasks):
    """Takes no notice of what is about no instance."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Decide about what is open only."""
        ends = isinstance(signal, Signal) and signal.event.type == "Done"
        return ignore() if ends and instance is None else super().decide(instance, signal)


@pytest.mark.parametrize(("definition", "counted"), [(Selective(), 1), (Tasks(), 0)])
async def test_what_is_ignored_leaves_no_marker(
    store: Store, definition: Tasks, counted: int
) -> None:
    """Services answer to others too; a marker for each answer would fill the store for nothing."""
    this = World(store, definition)
    early = filed("d", "C-1", "Done", task="a")
    await this.publish(early)
    await this.run()
    await this.publish(filed("b", "C-1", "Begun", tasks=["a"]), early)
    await this.run()
    assert len(told(this)) == counted


class Greedy(Tasks):
    """Wants all pieces again and again."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Begin, and then never decide."""
        del instance
        begins = isinstance(signal, Signal) and signal.event.type == "Begun"
        return super().decide(None, signal) if begins else want()


@pytest.mark.parametrize(
    ("wanted", "loaded", "together"),
    [
        (("b",), None, ("b",)),
        (("b",), ("a",), ("a", "b")),
        (("a", "b"), ("a",), ("a", "b")),
        ((), ("a",), ()),
    ],
)
def test_what_was_wanted_before_is_loaded_again(
    wanted: tuple[str, ...], loaded: tuple[str, ...] | None, together: tuple[str, ...]
) -> None:
    """Who asks for one piece after the other would never have them together."""
    assert to_load("tasks", wanted, loaded) == together


async def test_who_wants_for_ever_is_stopped() -> None:
    """A mistake of ours in one definition must not keep the queue from going on."""
    this = World(MemoryStore(), Greedy())
    await this.publish(filed("b", "C-1", "Begun", tasks=["a"]))
    await this.publish(filed("d", "C-1", "Done", task="a"), filed("b2", "C-2", "Begun", tasks=[]))
    await this.run(batch_size=100)
    assert len(this.dead_letters) == 1
    this.clock.moment = NOW + PATIENCE
    await this.fire()
    assert this.dead_letters[-1].type == "orchestrator.timer"


async def test_timers_of_pieces_of_one_instance_fire_together(store: Store) -> None:
    """A for-each of a thousand items that nobody answered is over at one moment, not one by one."""
    this = World(store, Tasks())
    names = [f"t{n}" for n in range(10)]
    await this.publish(filed("b", "C-1", "Begun", tasks=names))
    await this.publish(filed("d", "C-1", "Done", task="t3"))
    await this.run()
    this.clock.moment = NOW + PATIENCE
    assert await this.fire() == 9
    assert await store.load([AT]) == [None]
    assert len(told(this)) == 1
    assert await this.fire() == 0


async def test_the_timer_of_a_piece_that_fails_leaves_an_incident(store: Store) -> None:
    """A person must find the instance, and the other pieces must go on."""
    this = World(store, Tasks())
    await this.publish(filed("b", "C-1", "Begun", tasks=["broken", "good", "open"]))
    await this.run()
    this.clock.moment = NOW + PATIENCE
    await this.fire()
    (found,) = await store.load([AT], {AT: []})
    assert found is not None
    assert found.parts == {"broken": b"", "good": b"late", "open": b"late"}
    assert await this.fire() == 0
    (letter,) = this.dead_letters
    assert (letter.type, letter.correlation_id) == ("orchestrator.timer", "C-1")


async def test_the_timer_of_a_piece_that_is_gone_goes_too(store: Store) -> None:
    """It would be due for ever, and every look would find it."""
    this = World(store, Tasks())
    begun = Reaction(ReactionId(bytes(16)), ())
    lost = Part("lost", None, NOW + PATIENCE)
    write = InstanceWrite(AT, None, Status.RUNNING, b"1/1", parts=(lost,))
    await store.commit([Commit(AT.key, (begun,), (write,))], NOW)
    this.clock.moment = NOW + PATIENCE
    await this.fire()
    assert await store.due(this.clock.moment, 10) == []
    assert this.dead_letters == []


async def test_what_ends_and_begins_anew_in_one_batch_is_two_lives(store: Store) -> None:
    """An end inside a batch would otherwise never be listed, nor its result be kept."""
    this = World(store, Tasks())
    first = [filed("b1", "C-1", "Begun", tasks=["a"]), filed("d1", "C-1", "Done", task="a")]
    second = [filed("b2", "C-1", "Begun", tasks=["b", "c"])]
    await this.publish(*first, *second)
    await this.run(batch_size=100)
    assert told(this) == [{"a": "done"}]
    (found,) = await store.load([AT], {AT: []})
    assert found is not None
    assert found.parts == {"b": b"", "c": b""}
    assert isinstance(store, MemoryStore | RedisStore)
    inspection: Inspection = store if isinstance(store, MemoryStore) else store.inspection
    last = await inspection.last_state(AT)
    assert last is not None
    assert replace(last, version=found.version) == Instance(
        found.version, b"over", Status.COMPLETED, "cccccccccccc", {"a": b"done"}, parted=True
    )
