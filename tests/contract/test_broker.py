"""What every broker must do, whichever it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.core.event import Delivery, Message
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.settings import Settings
from orchestrator.topology import Names, service_topology, topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.ports import Broker

CHANNEL = "complaints.v1"
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass
class Bench:
    """A broker with an empty queue, and names for what is beside it."""

    broker: Broker
    queue: str
    bus: str = "hms"

    async def publish(self, *names: str, **changes: Any) -> None:
        """Publish messages called `names`."""
        await self.broker.publish([message(name, **changes) for name in names])

    async def unrouted(self) -> list[str]:
        """Return the name of the message that no queue took."""
        if isinstance(self.broker, MemoryBroker):
            return [each.body.decode() for each in self.broker.unrouted]
        return names(await self.take(1, f"{self.bus}.unrouted"))

    async def take(self, count: int, queue: str | None = None) -> list[Delivery]:
        """Receive and acknowledge `count` deliveries."""
        taken: list[Delivery] = []
        async with self.broker.subscribe(queue or self.queue, 100) as subscription:
            while len(taken) < count:
                taken += await subscription.receive(count - len(taken))
                await subscription.acknowledge(taken[-1])
        return taken


def message(name: str, **changes: Any) -> Message:
    """Return a message whose body is its name."""
    attributes: dict[str, Any] = {
        "exchange": None,
        "routing_key": CHANNEL,
        "body": name.encode(),
        "id": f"id-{name}",
        "type": "ComplaintFiled",
        "correlation_id": "C-991",
        "source": "portal",
        "time": NOW,
        "content_type": "application/json",
        "headers": {"x-rule": "intake", "count": 3, "nested": {"list": [1, "two", None]}},
        "other": {"priority": 2},
    }
    return Message(**(attributes | changes))


def names(deliveries: list[Delivery]) -> list[str]:
    return [delivery.body.decode() for delivery in deliveries]


@pytest.fixture(params=["memory", "rabbit"])
async def bench(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Bench]:
    """A bench of each kind."""
    if request.param == "memory":
        yield Bench(MemoryBroker(["q"]), "q")
        return
    url = request.getfixturevalue("amqp_url")
    settings = Settings(exchange=unique, queue=f"{unique}.q", retry_prefix=f"{unique}.retry")
    parts = (
        topology(settings.model_copy(update={"keep_log": False, "keep_tail": False})),
        service_topology(settings, f"{unique}.s", []),
    )
    async with Administration.connect(url) as admin:
        for part in parts:
            await admin.apply(part)
        async with RabbitBroker(url, Names.of(settings), patience_seconds=0) as broker:
            yield Bench(broker, settings.queue, settings.exchange)
        for part in parts:
            await admin.delete(part)


async def test_messages_arrive_in_order_and_unchanged(bench: Bench) -> None:
    """Rules and redrives rely on every property, and sequences on the order."""
    await bench.broker.bind(bench.queue, [CHANNEL])
    sent = message("first")

    await bench.broker.publish([sent, message("second")])

    first, second = await bench.take(2)
    assert first == Delivery(
        body=b"first",
        exchange=bench.bus,
        routing_key=CHANNEL,
        content_type=sent.content_type,
        type=sent.type,
        message_id=sent.id,
        correlation_id=sent.correlation_id,
        app_id=sent.source,
        timestamp=NOW,
        headers=sent.headers,
        other=sent.other,
        token=first.token,
    )
    assert second.body == b"second"


async def test_what_was_not_sent_is_not_invented(bench: Bench) -> None:
    """A plain message without an id must not get one: its identity would change."""
    bare = Message("", bench.queue, b"")

    await bench.broker.publish([bare])

    (found,) = await bench.take(1)
    assert found == Delivery(b"", "", bench.queue, token=found.token)


async def test_a_large_body_arrives_whole(bench: Bench) -> None:
    """Bodies beyond one frame are split on the way."""
    body = bytes(range(256)) * 4096

    await bench.publish("large", body=body, exchange="", routing_key=bench.queue)

    assert (await bench.take(1))[0].body == body


async def test_receive_returns_at_most_the_limit(bench: Bench) -> None:
    """The engine's batch size is a promise about memory and latency."""
    await bench.publish(*"abc", exchange="", routing_key=bench.queue)

    async with bench.broker.subscribe(bench.queue, 100) as subscription:
        received = [delivery for _ in range(3) for delivery in await subscription.receive(1)]

        assert names(received) == ["a", "b", "c"]
        assert subscription.waiting() == 0


async def test_an_acknowledgment_settles_everything_before_it(bench: Bench) -> None:
    """The engine acknowledges a batch by its last delivery; the rest must come again, marked."""
    await bench.publish(*"abcd", exchange="", routing_key=bench.queue)
    async with bench.broker.subscribe(bench.queue, 100) as subscription:
        received: list[Delivery] = []
        while len(received) < 4:
            received += await subscription.receive(10)
        await subscription.acknowledge(received[1])

    again = await bench.take(2)

    assert [(each.body, each.redelivered) for each in again] == [(b"c", True), (b"d", True)]


async def test_leaving_keeps_what_was_acknowledged(bench: Bench) -> None:
    """However many acknowledgments are still on their way: each one lost is a duplicate."""
    await bench.publish(*map(str, range(400)), exchange="", routing_key=bench.queue)
    async with bench.broker.subscribe(bench.queue, 1000) as subscription:
        for _ in range(400):
            (received,) = await subscription.receive(1)
            await subscription.acknowledge(received)

    await bench.publish("next", exchange="", routing_key=bench.queue)

    assert names(await bench.take(1)) == ["next"]


async def test_prefetch_bounds_what_is_handed_out(bench: Bench) -> None:
    """Another replica must get what this one has no room for."""
    await bench.publish(*"abc", exchange="", routing_key=bench.queue)

    async with bench.broker.subscribe(bench.queue, 2) as full:
        held: list[Delivery] = []
        while len(held) < 2:
            held += await full.receive(10)
        assert names(await bench.take(1)) == ["c"]

        await full.acknowledge(held[-1])
        await bench.publish("d", exchange="", routing_key=bench.queue)
        assert names(list(await full.receive(10))) == ["d"]


async def test_competing_subscriptions_share_the_queue(bench: Bench) -> None:
    """Replicas scale out by this."""
    async with (
        bench.broker.subscribe(bench.queue, 1) as one,
        bench.broker.subscribe(bench.queue, 1) as other,
    ):
        await bench.publish(*"ab", exchange="", routing_key=bench.queue)

        received = [*await one.receive(5), *await other.receive(5)]

        assert sorted(names(received)) == ["a", "b"]


async def test_a_cancelled_receive_loses_nothing(bench: Bench) -> None:
    """The engine waits for deliveries or for a reload, whichever comes first."""
    async with bench.broker.subscribe(bench.queue, 100) as subscription:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await subscription.receive(1)
        await bench.publish("late", exchange="", routing_key=bench.queue)

        assert names(list(await subscription.receive(1))) == ["late"]


async def test_binding_twice_delivers_once(bench: Bench) -> None:
    """Bindings follow the rules at each reload; most of them exist already."""
    await bench.broker.bind(bench.queue, [CHANNEL])
    await bench.broker.bind(bench.queue, [CHANNEL, "complaints.#"])

    await bench.publish("once")
    await bench.publish("end", exchange="", routing_key=bench.queue)

    assert names(await bench.take(2)) == ["once", "end"]


async def test_an_unbound_channel_goes_to_unrouted(bench: Bench) -> None:
    """What nobody takes is kept where somebody can find it, and unbinding twice is no error."""
    await bench.broker.bind(bench.queue, [CHANNEL])
    await bench.broker.unbind(bench.queue, [CHANNEL])
    await bench.broker.unbind(bench.queue, [CHANNEL, "never.bound"])

    await bench.publish("nobody")

    assert await bench.unrouted() == ["nobody"]


async def test_a_publish_to_a_missing_queue_is_told(bench: Bench) -> None:
    """A dead letter for a queue that was never declared must not vanish behind a confirm."""
    with pytest.raises(Unavailable, match=r"no queue nowhere: run `orchestrator apply`"):
        await bench.publish("lost", exchange="", routing_key="nowhere")

    await bench.publish("next", exchange="", routing_key=bench.queue)
    assert names(await bench.take(1)) == ["next"]


async def test_a_subscription_to_a_missing_queue_says_what_to_do(bench: Bench) -> None:
    """Only a person can mend it."""
    with pytest.raises(Misconfigured, match=r"nowhere.*run `orchestrator apply`"):
        async with bench.broker.subscribe("nowhere", 1):
            pass


async def test_publishing_nothing_is_no_error(bench: Bench) -> None:
    """A batch may send nothing at all."""
    await bench.broker.publish([])


async def test_concurrent_publishes_keep_their_order(bench: Bench) -> None:
    """Batches overlap: the second is written while the first waits for its confirms."""
    batches = [
        [message(f"{batch}.{i}", exchange="", routing_key=bench.queue) for i in range(300)]
        for batch in range(4)
    ]

    await asyncio.gather(*(bench.broker.publish(batch) for batch in batches))

    expected = [each.body.decode() for batch in batches for each in batch]
    assert names(await bench.take(1200)) == expected


async def test_a_cancelled_publish_leaves_the_broker_usable(bench: Bench) -> None:
    """A stop in the middle of a publish must not spoil the next one."""
    publishing = asyncio.create_task(bench.publish("maybe"))
    await asyncio.sleep(0)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)

    await bench.publish("sure", exchange="", routing_key=bench.queue)

    assert names(await bench.take(1)) == ["sure"]


async def test_consumers_are_counted_as_they_come_and_go(bench: Bench) -> None:
    """Nobody who still holds deliveries may be taken for gone."""
    assert await bench.broker.consumers(bench.queue) == 0
    async with bench.broker.subscribe(bench.queue, 1):
        assert await bench.broker.consumers(bench.queue) == 1
        async with bench.broker.subscribe(bench.queue, 1):
            assert await bench.broker.consumers(bench.queue) == 2
        assert await bench.broker.consumers(bench.queue) == 1


async def test_catching_up_changes_nothing_else(bench: Bench) -> None:
    """It is done while others wait for deliveries on the same subscription."""
    await bench.broker.bind(bench.queue, [CHANNEL])
    async with bench.broker.subscribe(bench.queue, 2) as subscription:
        receiving = asyncio.create_task(subscription.receive(10))
        await asyncio.gather(*(subscription.catch_up() for _ in range(3)))
        await bench.publish("a", "b", "c")
        received = [*await receiving]
        while len(received) < 2:
            received += await subscription.receive(10)
        await subscription.catch_up()
        assert (names(received), subscription.waiting()) == (["a", "b"], 0)


async def test_catching_up_on_a_subscription_that_ended_is_told(bench: Bench) -> None:
    """It may end at any moment, by whoever opened it; nobody may wait for ever, or be cancelled."""
    async with bench.broker.subscribe(bench.queue, 2) as subscription:
        waiting = [asyncio.create_task(subscription.catch_up()) for _ in range(3)]
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {type(None), Unavailable}
    with pytest.raises(Unavailable):
        await subscription.catch_up()
