"""Kill the engine before and after every outside call; what comes out must not depend on it."""

from __future__ import annotations

import asyncio
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.engine import Engine
from orchestrator.engine.spine import Spine
from orchestrator.ports import Duplicate
from tests.engine.definitions import Pairs, rule
from tests.engine.definitions import rulebook as make_rulebook
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import filed
from tests.engine.mistakes import SettleFirst
from tests.engine.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery, Message
    from orchestrator.engine.batch import Batch
    from orchestrator.ports import Store, Subscription
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life

EVENTS = [filed(f"e{number}", f"C-{number % 3}") for number in range(6)]
Problems = list[str]


def world(store: Store) -> World:
    return World(store, rule("intake", "Filed", "Acknowledge", "Assign"), Pairs())


def expected() -> list[str]:
    """What a run without a crash sends, less the ids: worked out by hand."""
    commands = [
        f"{command} {number}" for number in range(6) for command in ("Acknowledge", "Assign")
    ]
    return sorted(commands + [f"Paired {key} {key + 3}" for key in range(3)])


def told(message: Message) -> str:
    """Name a message by what led to it."""
    body = orjson.loads(message.body)
    if body["type"] == "Paired":
        return "Paired " + " ".join(event_id[1:] for event_id in body["data"])
    return f"{body['type']} {body['causationid'][1:]}"


async def outcome(this: World) -> Problems:
    """Return what is wrong with what was published and with what is left behind."""
    once = {message.id: told(message) for message in this.sent}
    problems = []
    if sorted(once.values()) != expected():
        problems.append(f"sent {sorted(once.values())}")
    if this.broker.depth("orchestrator"):
        problems.append("deliveries left in the queue")
    if await this.store.outbox_size():
        problems.append("messages left in the outbox")
    return problems


def crashing(new_store: NewStore, **options: Any) -> Life:
    """Return a run that ends when its fuse blows, and another behind it."""

    async def live(fuse: Fuse) -> Problems:
        this = world(new_store())
        await this.publish(*EVENTS)
        with survived():
            await this.run(between=fuse, **options)
        await this.run(**options)
        return await outcome(this)

    return live


async def test_no_crash_point_loses_or_doubles_anything(new_store: NewStore) -> None:
    """The promise of the product, at every point where the process can die."""
    crashes = await crash_everywhere(crashing(new_store))
    assert crashes.problems == []
    assert crashes.at >= {"receive", "load", "commit", "publish", "settle", "acknowledge"}
    assert crashes.calls >= 15  # 3 batches


class AckFirst(Engine):
    """Wrong: acknowledges before anything is published."""

    async def _finish(
        self, batch: Batch, subscription: Subscription, before: asyncio.Task[None] | None
    ) -> None:
        await self._spine.acknowledge(batch, subscription)
        await super()._finish(batch, _Deaf(), before)  # type: ignore[arg-type]


class _Deaf:
    async def acknowledge(self, delivery: object) -> None:
        """Acknowledged already."""


class RandomIds(Spine):
    """Wrong: a retry sends under another id, so nobody can tell that it is one."""

    async def react(self, deliveries: Sequence[Delivery], rulebook: Rulebook) -> Batch:
        definitions = [_Random(definition) for definition in rulebook.definitions]
        return await super().react(deliveries, make_rulebook(*definitions))


class _Random:
    """A definition under another name each time it is asked for it."""

    def __init__(self, definition: Any) -> None:
        self._definition = definition

    @property
    def name(self) -> str:
        return token_hex(8)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._definition, name)


class Forgetful(MemoryStore):
    """Wrong: commits without an outbox, so a duplicate has nothing left to send."""

    async def commit(self, *arguments: Any) -> Any:
        results = await super().commit(*arguments)
        return [
            Duplicate(dict.fromkeys(result.done, ())) if isinstance(result, Duplicate) else result
            for result in results
        ]


@pytest.mark.parametrize(
    ("make", "options"),
    [
        pytest.param(MemoryStore, {"engine": AckFirst}, id="acknowledge first"),
        pytest.param(MemoryStore, {"spine": SettleFirst}, id="settle before publish"),
        pytest.param(MemoryStore, {"spine": RandomIds}, id="random ids"),
        pytest.param(Forgetful, {}, id="no outbox"),
    ],
)
async def test_the_suite_notices_a_wrong_order(make: NewStore, options: dict[str, Any]) -> None:
    """Negative controls: a suite that lets these pass proves nothing."""
    assert (await crash_everywhere(crashing(make, **options))).problems


async def test_two_replicas_that_race_send_each_message_under_one_id(new_store: NewStore) -> None:
    """Both get every event, as after a network split; the commit decides who was first."""
    store = new_store()
    first, second = world(store), world(store)
    for replica in (first, second):
        await replica.publish(*EVENTS)
    await asyncio.gather(first.run(batch_size=1), second.run(batch_size=3))
    ids = {message.id: told(message) for message in first.sent + second.sent}
    assert sorted(ids.values()) == expected()


async def test_a_conflict_is_decided_again(new_store: NewStore) -> None:
    """A replica that loaded before the other committed must see the other's state."""
    this = world(new_store())
    await this.publish(*EVENTS[:1])
    rival = World(this.store, Pairs())
    await rival.publish(EVENTS[3])
    original, rounds = this.store.load, 0

    async def load_late(*wanted: Any) -> Any:
        nonlocal rounds
        loaded = await original(*wanted)
        rounds += 1
        if rounds == 1:
            await rival.run()
        return loaded

    engine, ledger = this.engine()
    engine._spine._store = _With(this.store, load=load_late)  # noqa: SLF001
    await engine.run()
    assert [told(message) for message in this.sent if message.type == "Paired"] == ["Paired 0 3"]
    assert sum(report.conflicts for report in ledger.reports) == 1


class _With:
    """A store with one method replaced."""

    def __init__(self, store: Store, **methods: Callable[..., Awaitable[Any]]) -> None:
        self._store = store
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
