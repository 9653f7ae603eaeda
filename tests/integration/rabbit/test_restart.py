"""What is confirmed survives the broker's death, and we come back by ourselves."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.rabbit.log import LogReader
from orchestrator.errors import Misconfigured, Unavailable
from orchestrator.local import Services
from tests.integration.rabbit.site import Site, installed, message, names

BATCH = 50


@pytest.fixture
async def site(own_services: Services, unique: str) -> AsyncIterator[Site]:
    """An installation on a broker that may be killed.

    It stays: RabbitMQ 3.10 loses its supervisor of dead-lettering, and with it every later queue,
    when a queue is deleted that has not elected its leader after a restart yet.
    """
    async with installed(own_services.amqp_url, unique, remove=False) as found:
        yield found


async def restart(services: Services, site: Site) -> None:
    """Restart the broker in order, and wait until it has everything back: streams come last."""
    await asyncio.to_thread(services.broker.restart)
    async with Administration.connect(site.url) as admin:
        for part in site.parts:
            assert await admin.check(part, patience_seconds=20) == []


class Producer:
    """Publishes numbered messages without a pause, and notes what was confirmed."""

    def __init__(self, site: Site) -> None:
        self.sent: set[str] = set()
        self.confirmed: set[str] = set()
        self._site = site
        self._outcomes: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        for number in count():
            batch = [f"{number}.{i}" for i in range(BATCH)]
            self.sent.update(batch)
            try:
                await self._site.publish(*map(message, batch))
            except Unavailable:
                self._outcomes.put_nowait("failed")
            else:
                self.confirmed.update(batch)
                self._outcomes.put_nowait("confirmed")

    async def reach(self, outcome: str, times: int = 1) -> None:
        """Wait until so many more batches were confirmed, or failed."""
        while times:
            times -= await self._outcomes.get() == outcome


async def kill_under(producer: Producer, services: Services) -> None:
    """Kill the broker in the middle of publishing, start it, and go on for a while."""
    running = asyncio.create_task(producer.run())
    await producer.reach("confirmed", times=20)
    await asyncio.to_thread(services.broker.kill)
    await producer.reach("failed")
    await asyncio.to_thread(services.broker.start)
    await producer.reach("confirmed", times=20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def everything_in(site: Site) -> set[str]:
    """Take all messages of the service's queue."""
    await site.publish(message("end"))
    found: set[str] = set()
    async with site.broker.subscribe(site.service, 1000) as subscription:
        while "end" not in found:
            taken = await subscription.receive(1000)
            await subscription.acknowledge(taken[-1])
            found.update(names(list(taken)))
    return found


@pytest.mark.timeout(120)
async def test_a_subscription_ends_with_the_broker_and_the_next_one_works(
    site: Site, own_services: Services
) -> None:
    """The engine loops over subscriptions; each must end clearly, and none be refused too early.

    A queue that is not back yet is not a missing one: patience makes that difference.
    """
    await site.publish(message("kept"))
    patient = type(site.broker)(site.url, site.names, patience_seconds=20)
    async with patient, patient.subscribe(site.service, 10) as subscription:
        await subscription.receive(1)
        await asyncio.to_thread(own_services.broker.restart)
        with pytest.raises(Unavailable, match=r"RabbitMQ at .*consume"):
            await subscription.receive(1)

    again = await eventually_take(patient, site.service)
    assert again == ["kept"]
    await patient.close()


async def eventually_take(broker: object, queue: str) -> list[str]:
    while True:
        try:
            async with broker.subscribe(queue, 10) as subscription:  # type: ignore[attr-defined]
                return names(list(await subscription.receive(1)))
        except Unavailable:
            continue


@pytest.mark.timeout(120)
async def test_following_the_log_replays_nothing_after_a_restart(
    site: Site, own_services: Services
) -> None:
    """A stream consumer that subscribes again with its first offset would begin anew."""
    losses: list[Unavailable | Misconfigured] = []
    await site.publish(message("a"), message("b"))
    seen: list[str] = []

    async for entry in LogReader(site.url, site.names.log, losses.append).follow("first"):
        seen.append(entry.delivery.body.decode())
        if seen == ["a", "b"]:
            await restart(own_services, site)
            await publish_again(site, "c")
        if entry.delivery.body == b"c":
            break

    assert seen == ["a", "b", "c"]
    assert losses


async def publish_again(site: Site, name: str) -> None:
    while True:
        try:
            return await site.publish(message(name))
        except (Unavailable, Misconfigured):
            continue


@pytest.mark.timeout(120)
async def test_a_kill_loses_nothing_that_was_confirmed(site: Site, own_services: Services) -> None:
    """The promise everything else stands on.

    The broker writes its list of queues every few seconds only, so it is stopped in order once: the
    promise is about messages in a queue that is known to exist. As a control, what was sent without
    a confirm must not all be there: a ledger that cannot find a loss proves nothing.
    """
    await restart(own_services, site)
    producer = Producer(site)

    await kill_under(producer, own_services)

    found = await everything_in(site)
    assert producer.confirmed - found == set()
    assert producer.sent - found != set()
