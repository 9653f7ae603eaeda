"""Kill whoever decides joins, counts, absences and timers before and after every outside call.

The rules are those of testdata/forms.yaml: every form, with `otherwise` and `after`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from tests.engine.forms import SECOND, Fact, message, outcome, rules
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import QUEUE, distinct
from tests.engine.mistakes import AckOnArrival, NoOutbox, SettleFirst, TakesTimersFirst
from tests.engine.place import NO_END, Place
from tests.engine.world import NOW

if TYPE_CHECKING:
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life

BOOK = rules()
A_DAY = 86_400 * SECOND
CALLS = {"receive", "load", "commit", "publish", "settle", "acknowledge", "due"}
"""Where a process that does the work of rules that remember dies, at the least."""

EVENTS = [
    Fact(0, "A", "a1", 1, 1),
    Fact(0, "A", "a2", 2, 1),
    Fact(4, "B", "b1", 1, 1),
    Fact(3, "A", "a3", 2, 1),
    Fact(5, "A", "a4", 2, 1),
]
EXPECTED = sorted(
    {
        ("Any", "a1"),
        ("Any", "a2"),
        ("Any", "a3"),
        ("Any", "a4"),
        ("Later", "b1"),
        ("All", "a1 b1"),
        ("AllNot", "a4"),
        ("NamedNot", "a1"),
        ("NamedNot", "a4"),
        ("Some", "a1 b1"),
        ("SomeNot", "a4"),
        ("RowNot", "a1 b1"),
        ("RowNot", "a4"),
        ("Often", "a4"),
        ("OftenNot", "a1"),
        ("Missed", "a2"),
        ("Overdue", "b1"),
    }
)
"""What follows if nobody dies: worked out by hand."""


class Street(Place):
    """What happens to these rules, in as many processes as it takes."""

    def __init__(self, store: Store, parts: dict[str, Any] | None = None) -> None:
        super().__init__(store, BOOK, parts)

    async def opened(self) -> Street:
        await self.publish(*map(message, EVENTS))
        return self

    async def live(self, fuse: Fuse | None = None) -> None:
        """Do all there is to do as one process, until the end of time or its own."""
        between = fuse or Fuse(NO_END, after=True)
        with survived():
            await self.run(between=between, batch_size=2)
            await self._end_of_time(between)
            await self.sweep(between, NOW + 3 * A_DAY)

    async def _end_of_time(self, between: Fuse) -> None:
        for days in (1, 2):  # what is sent `after` is due later
            self.clock.moment = NOW + days * A_DAY
            while await self.fire(between):
                pass


async def wrong(*places: Street) -> list[str]:
    """Return what is wrong with what was sent and with what is left."""
    sent = distinct([one for place in places for one in place.sent])
    told = sorted((command, " ".join(sorted(about))) for command, about in map(outcome, sent))
    store = places[0].store
    found = {
        "sent": [] if told == EXPECTED else told,
        "in the queue": [
            place.broker.depth(QUEUE) for place in places if place.broker.depth(QUEUE)
        ],
        "in the outbox": await store.outbox_size(),
        "timers": await store.due(NOW + 9 * A_DAY, 10),
        "dead letters": [letter.headers for place in places for letter in place.dead_letters],
    }
    return [f"{name}: {left}" for name, left in found.items() if left]


async def one_after_another(store: Store, parts: Any, *fuses: Fuse) -> list[str]:
    """Live as processes that are killed one after another, and a last one that is not."""
    place = await Street(store, parts).opened()
    for fuse in (*fuses, None):
        await place.live(fuse)
    return await wrong(place)


async def side_by_side(store: Store, parts: Any, *fuses: Fuse) -> list[str]:
    """Live as two replicas that both get every event, one of which is killed."""
    places = [await Street(store, parts).opened() for _ in range(2)]
    await asyncio.gather(places[0].live(*fuses), places[1].live())
    await places[0].live()
    return await wrong(*places)


def crashing(new_store: NewStore, live: Any = one_after_another, parts: Any = None) -> Life:
    """Return a life that ends when its fuse blows, with a store of its own."""
    return lambda fuse: live(new_store(), parts, fuse)


async def test_without_a_crash_every_form_does_its_work(new_store: NewStore) -> None:
    """What the crashes are compared with."""
    assert await one_after_another(new_store(), None) == []


async def test_no_crash_point_loses_or_doubles_what_rules_remember(new_store: NewStore) -> None:
    """Joins, counts, absences, `otherwise` and `after`, killed at every outside call."""
    crashes = await crash_everywhere(crashing(new_store))
    assert crashes.problems == []
    assert crashes.at >= CALLS
    assert crashes.calls >= 25


async def test_a_replica_that_dies_beside_another_loses_and_doubles_nothing(
    new_store: NewStore,
) -> None:
    """The other one sees the same events and the same timers at the same time."""
    crashes = await crash_everywhere(crashing(new_store, side_by_side))
    assert crashes.problems == []
    assert crashes.at >= CALLS


async def test_a_second_crash_during_the_recovery_changes_nothing(new_store: NewStore) -> None:
    """Recovery has outside calls of its own; every second crash is at another of them."""
    problems = []
    points = (await crash_everywhere(crashing(MemoryStore))).calls
    stride = 7 if isinstance(new_store(), MemoryStore) else 41
    for first in range(points):
        for second in range(first % stride, points, stride):
            fuses = [Fuse(first, after=True), Fuse(second, after=False)]
            problems += await one_after_another(new_store(), None, *fuses)
    assert problems == []


WRONG: dict[str, tuple[NewStore, dict[str, Any]]] = {
    "settle before publish": (MemoryStore, {"spine": SettleFirst}),
    "no outbox": (NoOutbox, {}),
    "timers before the commit": (TakesTimersFirst, {}),
}


@pytest.mark.parametrize(("make", "parts"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("live", [one_after_another, side_by_side])
async def test_a_wrong_order_would_be_noticed(make: NewStore, parts: Any, live: Any) -> None:
    """Negative controls: a suite that lets these pass proves nothing."""
    assert (await crash_everywhere(crashing(make, live, parts), first=True)).problems


async def test_acknowledging_on_arrival_would_be_noticed() -> None:
    """Negative control; beside a replica that got the same events it would do no harm."""
    wrong = crashing(MemoryStore, parts={"engine": AckOnArrival})
    assert (await crash_everywhere(wrong, first=True)).problems
