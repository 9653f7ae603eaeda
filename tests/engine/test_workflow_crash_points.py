"""Kill whoever decides workflows before and after every outside call.

The workflows are those of testdata/sagas.yaml: steps, compensation, for-each, transactions,
workflows that run others, and people who do not answer in time.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.ports import InstanceKey
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import QUEUE
from tests.engine.mistakes import AckOnArrival, NoOutbox, SettleFirst, TakesTimersFirst
from tests.engine.place import NO_END, Place
from tests.engine.sagas import KEY, RUN, approval, reply, sagas, start, told
from tests.engine.world import NOW

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life
    from tests.engine.sagas import Saga

BOOK = sagas()
CALLS = {"receive", "load", "commit", "publish", "settle", "acknowledge"}
"""Where a process that does a workflow's work dies, at the least."""
BATCH = 4
STRIDE = 11
TIMED = ("steps", "compensation", "for-each", "transaction", "approval")
"""Those in which something is due."""


class Office(Place):
    """A queue and an engine made of these parts; who dies here is followed by another."""

    async def live(self, fuse: Fuse | None = None) -> None:
        """Do what there is to do now, once, as one process until its end."""
        between = fuse or Fuse(NO_END, after=True)
        with survived():
            await self.run(between=between, batch_size=BATCH)
            while await self.fire(between):
                pass
            # Before any time passes for workflows.
            await self.sweep(between, self.clock.moment + timedelta(minutes=1))


class Town:
    """Replicas on one store, each of which gets every event, and whoever answers commands.

    Args:
        saga: what happens.
        store: of all.
        replicas: how many there are.
        parts: what their engines are made of.
    """

    def __init__(self, saga: Saga, store: Store, replicas: int, parts: dict[str, Any]) -> None:
        self.saga = saga
        self.store = store
        self.places = [Office(store, BOOK, parts) for _ in range(replicas)]
        self._answered = [0] * replicas

    @property
    def sent(self) -> list[Message]:
        return [message for place in self.places for message in place.sent]

    async def pass_through(self, *fuses: Fuse) -> None:
        """Let all time pass. Each process with a fuse may die, and the next takes its place."""
        left = list(fuses)
        await self._publish(start(self.saga))
        for second in self.saga.seconds:
            for place in self.places:
                place.clock.moment = NOW + timedelta(seconds=second)
            if self.saga.people and second in self.saga.people:
                await self._publish(approval(*self.saga.people[second]))
            await self._settle(left)

    async def _settle(self, fuses: list[Fuse]) -> None:
        """Work until nothing moves any more; the last process that looks sees no fuse blow."""
        moved = True
        while moved:
            fuse = fuses[0] if fuses else None
            others = [place.live() for place in self.places[1:]]
            await asyncio.gather(self.places[0].live(fuse), *others)
            moved = await self._answer()
            if fuse is not None and fuse.blown:
                fuses.pop(0)
                moved = True

    async def _answer(self) -> bool:
        """Answer what was sent since the last time, however often; tell whether anything was."""
        fresh = [
            message
            for number, place in enumerate(self.places)
            for message in place.sent[self._answered[number] :]
        ]
        self._answered = [len(place.sent) for place in self.places]
        await self._publish(*(one for message in fresh if (one := reply(message))))
        return bool(fresh)

    async def _publish(self, *messages: Message) -> None:
        for place in self.places:
            await place.publish(*messages)

    async def wrong(self) -> list[str]:
        """Return what is wrong with what was sent and with what is left."""
        once = {str(message.id): message for message in reversed(self.sent)}
        told_once = sorted(map(told, once.values()))
        keys = [KEY, f"{KEY}/parent.child"]
        instances = await self.store.load(
            [InstanceKey(each.name, key) for each in BOOK.definitions for key in keys]
        )
        found = {
            "sent": [] if told_once == sorted(self.saga.expected) else told_once,
            "order": self._disorder(),
            "two contents": self._ambiguous(),
            "in the queue": [
                depth for place in self.places if (depth := place.broker.depth(QUEUE))
            ],
            "in the outbox": await self.store.outbox_size(),
            "timers": await self.store.due(NOW + timedelta(days=999), 10),
            "open": [each for each in instances if each is not None],
            "dead letters": [each.headers for place in self.places for each in place.dead_letters],
        }
        return [f"{name}: {left}" for name, left in found.items() if left]

    def _ambiguous(self) -> list[str]:
        """Return the ids under which more than one thing was sent."""
        bodies: dict[str, set[bytes]] = {}
        for message in self.sent:
            bodies.setdefault(str(message.id), set()).add(message.body)
        return [each for each, contents in bodies.items() if len(contents) > 1]

    def _disorder(self) -> list[str]:
        """Return in which order things were taken back, where that is not the order expected."""
        if len(self.places) > 1:
            return []  # each has its own list
        first = {str(message.id): None for message in self.sent}
        by_id = {str(message.id): told(message) for message in self.sent}
        undone = [by_id[each] for each in first if by_id[each].startswith("Undo")]
        expected = [each for each in self.saga.expected if each.startswith("Undo")]
        return [] if undone == expected else undone


async def lived(saga: Saga, store: Store, replicas: int, parts: Any, *fuses: Fuse) -> list[str]:
    town = Town(saga, store, replicas, parts or {})
    await town.pass_through(*fuses)
    return await town.wrong()


def crashing(saga: Saga, new_store: NewStore, replicas: int = 1, parts: Any = None) -> Life:
    """Return a life that ends when its fuse blows, with a store of its own."""
    return lambda fuse: lived(saga, new_store(), replicas, parts, fuse)


kinds = pytest.mark.parametrize("saga", RUN.values(), ids=RUN.keys())


@kinds
@pytest.mark.parametrize("replicas", [1, 2])
async def test_without_a_crash_every_workflow_ends(
    saga: Saga, new_store: NewStore, replicas: int
) -> None:
    """What the crashes are compared with."""
    assert await lived(saga, new_store(), replicas, None) == []


@kinds
async def test_no_crash_point_loses_or_doubles_what_a_workflow_sends(saga: Saga) -> None:
    """Killed at every outside call, it sends what it would have sent, each under one id."""
    crashes = await crash_everywhere(crashing(saga, MemoryStore))
    assert crashes.problems == []
    assert crashes.at >= CALLS
    assert crashes.calls >= 30


@kinds
async def test_a_replica_that_dies_beside_another_loses_and_doubles_nothing(saga: Saga) -> None:
    """The other one sees the same events and the same timers at the same time."""
    crashes = await crash_everywhere(crashing(saga, MemoryStore, replicas=2))
    assert crashes.problems == []
    assert crashes.at >= CALLS
    assert crashes.calls >= 30


@kinds
@pytest.mark.parametrize("replicas", [1, 2])
async def test_on_a_real_store_it_is_the_same(
    saga: Saga, new_store: NewStore, replicas: int
) -> None:
    """A part of the points, as each call takes its time."""
    if isinstance(new_store(), MemoryStore):
        return
    crashes = await crash_everywhere(crashing(saga, new_store, replicas), stride=STRIDE)
    assert crashes.problems == []
    assert crashes.calls >= 30 - STRIDE


@pytest.mark.parametrize("name", ["steps", "compensation"])
async def test_a_second_crash_during_the_recovery_changes_nothing(name: str) -> None:
    """Recovery has outside calls of its own; every second crash is at another of them."""
    saga = RUN[name]
    points = (await crash_everywhere(crashing(saga, MemoryStore), stride=STRIDE)).calls
    problems = []
    for first in range(0, points, 3):
        for second in range(first % STRIDE, 40, STRIDE):
            fuses = [Fuse(first, after=True), Fuse(second, after=False)]
            problems += await lived(saga, MemoryStore(), 1, None, *fuses)
    assert problems == []


WRONG: dict[str, tuple[NewStore, dict[str, Any], int, tuple[str, ...]]] = {
    "settle before publish": (MemoryStore, {"spine": SettleFirst}, 1, tuple(RUN)),
    "settle before publish, beside another": (MemoryStore, {"spine": SettleFirst}, 2, tuple(RUN)),
    "no outbox": (NoOutbox, {}, 1, tuple(RUN)),
    "no outbox, beside another": (NoOutbox, {}, 2, tuple(RUN)),
    "acknowledge on arrival": (MemoryStore, {"engine": AckOnArrival}, 1, tuple(RUN)),
    "timers before the commit": (TakesTimersFirst, {}, 1, TIMED),
}


@pytest.mark.parametrize(
    ("make", "parts", "replicas", "name"),
    [
        pytest.param(make, parts, replicas, name, id=f"{wrong}: {name}")
        for wrong, (make, parts, replicas, names) in WRONG.items()
        for name in names
    ],
)
async def test_a_wrong_order_would_be_noticed(
    make: NewStore, parts: Any, replicas: int, name: str
) -> None:
    """Negative controls: a suite that lets these pass proves nothing. Without a crash they pass."""
    assert await lived(RUN[name], make(), replicas, parts) == []
    wrong = crashing(RUN[name], make, replicas, parts)
    assert (await crash_everywhere(wrong, first=True)).problems
