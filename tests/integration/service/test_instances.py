"""Commands for one instance of a service, on a real broker: taken by it, or by any other."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from orchestrator.adapters.rabbit.administration import Administration
from orchestrator.adapters.redis.register import RedisRegister
from orchestrator.topology import HANDOVER_SECONDS, instance_name, instances_topology
from tests.integration.service.conftest import SCHEMAS
from tests.integration.service.installation import Installation
from tests.integration.service.pumps import STUCK

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from orchestrator.local import Services
    from orchestrator.service.register import Heard

PUMPS = "tests.integration.service.pumps:service"
SITES = [{"site": str(number)} for number in range(6)]


class Pumps(Installation):
    """An installation with the pumps' queue, somebody who listens, and the register."""

    register: RedisRegister

    async def living(self, *processes: Process) -> list[str]:
        """Wait until just these processes live, and return the names of their instances."""
        pids = {str(process.pid) for process in processes}
        while True:
            heard = {pid_of(each): each for each in await self.register.living()}
            if set(heard) == pids:
                return [heard[str(process.pid)].announcement.name for process in processes]
            await asyncio.sleep(0.05)

    async def pumped_by(self, count: int) -> list[str]:
        """Wait for `count` answers, and return the processes that gave them."""
        answers = await self.answers(lambda found: len(found) >= count)
        return [orjson.loads(one)[2]["by"] for said in answers.values() for one in said]

    async def emptied(self, queue: str) -> None:
        """Wait until nothing lies in a queue."""
        async with Administration.connect(self.url) as administration:
            while True:
                status = await administration.status(queue)
                if status is None or status.messages == 0:
                    return
                await asyncio.sleep(0.2)


def pid_of(heard: Heard) -> str:
    return heard.announcement.host.rpartition(":")[2]


@pytest.fixture
async def pumps(services: Services, unique: str) -> AsyncIterator[Pumps]:
    """An installation without any instance."""
    installation = Pumps(unique, services.environ, SCHEMAS)
    redis_url = installation.settings.redis_url.get_secret_value()
    installation.register = RedisRegister(redis_url, namespace=unique)
    parts = instances_topology(installation.settings, installation.queue("pumps"))
    async with (
        installation.existing(["pumps"], ["pumps.v1"]),
        Administration.connect(installation.url) as administration,
    ):
        await administration.apply(parts)
        yield installation
        await administration.delete(parts)
    await installation.register.close()


async def test_a_command_reaches_the_instance_it_is_for(pumps: Pumps) -> None:
    """Whoever chose it had a reason; the others share what is for any of them."""
    async with pumps.process(PUMPS) as one, pumps.process(PUMPS) as other:
        name, _ = await pumps.living(one, other)
        await pumps.send(name, "Pump", SITES)
        assert await pumps.pumped_by(len(SITES)) == [str(one.pid)] * len(SITES)


async def test_what_a_killed_instance_had_is_done_by_another(pumps: Pumps) -> None:
    """Both what it had in hand and what lay in its queue."""
    async with pumps.process(PUMPS) as other:
        async with pumps.process(PUMPS, **{STUCK: "1"}) as killed:
            _, name = await pumps.living(other, killed)
            await pumps.send(name, "Pump", SITES)
            killed.kill()
            await killed.wait()
        assert await pumps.pumped_by(len(SITES)) == [str(other.pid)] * len(SITES)
        assert await pumps.living(other)


async def test_dropping_what_is_not_taken_is_caught(pumps: Pumps) -> None:
    """Control: without the dead-lettering, the commands of a killed instance are lost."""
    async with pumps.process(PUMPS) as other:
        async with pumps.process(PUMPS, **{STUCK: "1", "PUMPS_ARE_WRONG": "1"}) as killed:
            _, name = await pumps.living(other, killed)
            await pumps.send(name, "Pump", SITES)
            killed.kill()
            await killed.wait()
        async with asyncio.timeout(4 * HANDOVER_SECONDS):
            await pumps.emptied(name)
        await pumps.send("pumps.v1", "Pump", [{"site": "last"}])
        assert len(await pumps.pumped_by(1)) == 1


async def test_who_stops_in_order_leaves_at_once(pumps: Pumps) -> None:
    """Neither his name in the register, nor his key: what still comes for him goes to another."""
    async with pumps.process(PUMPS) as other:
        async with pumps.process(PUMPS) as stopped:
            _, name = await pumps.living(other, stopped)
            stopped.terminate()
            assert await stopped.wait() == 0
        assert [pid_of(each) for each in await pumps.register.living()] == [str(other.pid)]
        await pumps.send(name, "Pump", SITES)
        assert await pumps.pumped_by(len(SITES)) == [str(other.pid)] * len(SITES)


async def test_a_queue_that_is_gone_loses_nothing(pumps: Pumps) -> None:
    """The queue of an instance that died an hour ago has expired: its key still leads somewhere."""
    gone = instance_name(pumps.queue("pumps"), "feedc0de")
    await pumps.send(gone, "Pump", SITES)
    async with pumps.process(PUMPS) as process:
        assert await pumps.pumped_by(len(SITES)) == [str(process.pid)] * len(SITES)


async def test_a_person_sees_who_lives(pumps: Pumps) -> None:
    """Where a command waits, the first question is whether anybody is there."""
    async with pumps.process(PUMPS) as process:
        (name,) = await pumps.living(process)
        listing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "consumers", "list", "--json"),
            env=os.environ | pumps.environ,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await listing.communicate()
    (shown,) = orjson.loads(printed)
    assert (shown["queue"], shown["capabilities"], shown["busy"]) == (name, ["pump"], "0 of 2")
    assert shown["service"] == pumps.queue("pumps")
