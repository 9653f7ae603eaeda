"""Several replicas on one real queue: a timer waits for what another has in its hands."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.adapters.rabbit.broker import RabbitBroker
from orchestrator.engine.marker import MARKER, marker
from orchestrator.engine.witness import Witness
from orchestrator.ports import OPEN
from tests.engine.definitions import PATIENCE
from tests.engine.interference import Gate
from tests.engine.messages import CHANNEL, filed
from tests.engine.witnesses import SeesTheQueueEmpty
from tests.engine.world import NOW, StillClock
from tests.integration.rabbit.replicas import Installation
from tests.integration.rabbit.site import message

if TYPE_CHECKING:
    from tests.integration.rabbit.replicas import Replica
    from tests.integration.rabbit.site import Site

DUE = NOW + PATIENCE
MANY = 300


async def begin(installation: Installation) -> None:
    """Let a replica react to what was filed, and set its timer."""
    site = installation.site
    await site.broker.bind(site.settings.queue, [CHANNEL])
    async with installation.replica() as first:
        await site.publish(filed("e-0", "C-0"))
        await first.ledger.until(lambda: bool(first.ledger.reports))


async def everybody_is_open(one: Replica, count: int) -> None:
    """Return once so many subscriptions were opened, also if some are closed by now."""
    async with asyncio.timeout(10):
        while sum(said >= OPEN for said in (await one.progress.look()).members.values()) < count:
            await one.engine.witness.look()


async def fired_until_taken(one: Replica) -> int:
    """Return how many timers fire until a marker was taken, and both could answer."""
    fired = 0
    async with asyncio.timeout(10):
        while not fired and not (await one.progress.look()).turn:
            fired += await one.keeper.fire_due()
    for _ in range(3):
        await one.engine.witness.look()
        fired += await one.keeper.fire_due()
    return fired


async def fired_until_proven(one: Replica, clock: StillClock) -> int:
    """Return how many timers fire at last."""
    fired = 0
    async with asyncio.timeout(10):
        while one.engine.witness.backlog.decided_until < DUE:
            clock.moment += timedelta(seconds=1)
            fired += await one.keeper.fire_due()
            await one.engine.witness.look()
    return fired + await one.keeper.fire_due()


async def reminded(site: Site, redis_url: str, witness: type[Witness]) -> int:
    """Return how many are reminded whose answer another replica took in time, and holds."""
    clock = StillClock()
    installation = Installation(site, redis_url, clock, witness)
    await begin(installation)
    gate = Gate("load")
    async with installation.replica(gate, prefetch=1) as slow:  # the marker goes to the other
        await site.publish(filed("a-0", "C-0", "Answered"))
        await gate.reached_by(1)
        async with installation.replica() as quick:
            await everybody_is_open(quick, 3)
            clock.moment = DUE + PATIENCE / 2
            fired = await fired_until_taken(quick)
            gate.open()
            await slow.ledger.until(lambda: bool(slow.ledger.reports))
            return fired + await fired_until_proven(quick, clock)


async def test_a_timer_waits_for_what_another_replica_holds(site: Site, redis_url: str) -> None:
    """It was received and not yet loaded, and the queue is empty."""
    assert await reminded(site, redis_url, Witness) == 0


async def test_an_empty_queue_is_no_proof(site: Site, redis_url: str) -> None:
    """Negative control: what was relied on before."""
    assert await reminded(site, redis_url, SeesTheQueueEmpty) == 1


async def test_what_was_handed_out_before_a_marker_has_arrived_after_catching_up(
    site: Site,
) -> None:
    """It is on its way while another has the marker: no count of the queue shows it."""
    queue = site.settings.queue
    await site.broker.bind(queue, [CHANNEL])
    async with (
        site.broker.subscribe(queue, MANY) as full,
        RabbitBroker(site.url, site.names) as other,
    ):
        await site.publish(*(message(str(n), routing_key=CHANNEL) for n in range(MANY)))
        async with other.subscribe(queue, 1) as taking:
            await other.publish([marker(queue, "a/1", 1)])
            (taken,) = await taking.receive(1)
            assert taken.type == MARKER
            await full.catch_up()
            assert full.waiting() == MANY
