"""Consumer services as real processes on a real broker: stopped, killed, and killing themselves."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from orchestrator.core import headers
from orchestrator.service.session import UNREMEMBERED_PER_SLOT
from tests.integration.service.bakery import LEDGER, PULSE, service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.service.installation import Installation

BAKERY = "tests.integration.service.bakery:service"
COMMANDS = 400
KILLS = 4


@asynccontextmanager
async def ledger(bakery: Installation) -> AsyncIterator[Redis]:
    """Open what the bakery's handlers write to."""
    # Whoever waits for an effect waits for a process to start: the test's own timeout is enough.
    redis = Redis.from_url(bakery.settings.redis_url.get_secret_value(), socket_timeout=None)
    yield redis
    await redis.aclose()


async def effects(bakery: Installation) -> list[int]:
    """Return how often each command's effect was had."""
    async with ledger(bakery) as redis:
        counts = await redis.hvals(f"{bakery.settings.namespace}:{LEDGER}")
    return [int(count) for count in counts]


async def test_a_service_answers_and_stops_in_order(bakery: Installation) -> None:
    """SIGTERM is how deployments stop a service: it ends with success, nothing is done twice."""
    commands = await bakery.send("bakery.v1", "Bake", [{"cake": str(n)} for n in range(COMMANDS)])

    async with bakery.process(BAKERY) as process:
        answers = await bakery.answers(lambda found: len(found) == COMMANDS)
        process.terminate()
        assert await process.wait() == 0

    assert set(answers) == set(commands)
    assert await effects(bakery) == [1] * COMMANDS


async def test_replicas_share_the_work(bakery: Installation) -> None:
    """Two processes do what one does, and no command is done by both."""
    commands = await bakery.send("bakery.v1", "Bake", [{"cake": str(n)} for n in range(COMMANDS)])

    async with bakery.process(BAKERY), bakery.process(BAKERY):
        answers = await bakery.answers(lambda found: len(found) == COMMANDS)

    assert set(answers) == set(commands)
    assert await effects(bakery) == [1] * COMMANDS


async def kill(bakery: Installation, times: int, **environ: str) -> None:
    """Kill the service, and start it again, at random moments while it works."""
    moments = random.Random(7)  # noqa: S311 - which moments does not matter
    pulse = f"{bakery.settings.namespace}:{PULSE}"
    async with ledger(bakery) as redis:
        for _ in range(times):
            await redis.delete(pulse)
            async with bakery.process(BAKERY, **environ):
                await redis.blpop([pulse])
                await asyncio.sleep(moments.uniform(0, 0.05))  # the point: any moment


async def test_kills_at_any_moment_lose_and_contradict_nothing(bakery: Installation) -> None:
    """Each command ends with one answer, whatever was in hand when the process died."""
    commands = await bakery.send("bakery.v1", "Bake", [{"cake": str(n)} for n in range(COMMANDS)])

    await kill(bakery, KILLS)
    async with bakery.process(BAKERY):
        answers = await bakery.answers(lambda found: len(found) == COMMANDS)

    assert set(answers) == set(commands)
    assert {len(said) for said in answers.values()} == {1}
    counts = await effects(bakery)
    assert len(counts) == COMMANDS
    # Only what was begun at one of the kills, and not yet remembered, may have been done again.
    assert sum(counts) - COMMANDS <= KILLS * UNREMEMBERED_PER_SLOT * service.concurrency
    assert max(counts) <= KILLS + 1


async def test_acknowledging_on_arrival_is_caught(bakery: Installation) -> None:
    """Control: even one kill loses commands when the order is wrong."""
    await bakery.send("bakery.v1", "Bake", [{"cake": str(n)} for n in range(COMMANDS)])

    await kill(bakery, 1, BAKERY_IS_WRONG="1")
    (last,) = await bakery.send("bakery.v1", "Bake", [{"cake": "last"}])
    async with bakery.process(BAKERY):
        answers = await bakery.answers(lambda found: last in found)

    # Far more than what was still in progress when the last answer came.
    assert len(answers) < COMMANDS - 50


async def test_a_message_that_kills_its_process_ends_as_a_dead_letter(bakery: Installation) -> None:
    """A supervisor restarts the process; the message that kills it must not do so for ever."""
    cakes = ["1", "poison", "2"]
    await bakery.send("bakery.v1", "Bake", [{"cake": cake} for cake in cakes])

    listening = asyncio.create_task(bakery.answers(lambda found: len(found) == len(cakes)))
    deaths = 0
    while not listening.done():
        async with bakery.process(BAKERY) as process:
            ending = asyncio.create_task(process.wait())
            await asyncio.wait((ending, listening), return_when=asyncio.FIRST_COMPLETED)
            deaths += ending.done()
            ending.cancel()

    answers = await listening
    assert sorted(text.split('"')[1] for said in answers.values() for text in said) == [
        "Baked",
        "Baked",
        "CommandFailed",
    ]
    (dead,) = await bakery.dead_letters("bakery", 1)
    assert dead.headers[headers.REASON] == "crash-loop"
    assert "began this message 5 times" in str(dead.headers[headers.ERROR])
    assert deaths == 6


async def test_a_retry_comes_back_to_its_service_after_the_delay(bakery: Installation) -> None:
    """The first tier holds the copy for a second; the second attempt succeeds."""
    await bakery.send("bakery.v1", "Bake", [{"cake": "cold"}])
    started = asyncio.get_running_loop().time()

    async with bakery.process(BAKERY):
        answers = await bakery.answers(bool)

    assert asyncio.get_running_loop().time() - started > 1
    assert list(answers) == ["m-0"]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"ORCHESTRATOR_AMQP_URL": "amqp://guest:wrong@{amqp}/"}, "refuses"),
        ({"ORCHESTRATOR_SCHEMAS": "/nowhere"}, "/nowhere"),
    ],
)
async def test_a_wrong_setting_is_one_line(
    bakery: Installation, environ: dict[str, str], message: str
) -> None:
    """A person mends it from that line; a traceback would hide it."""
    amqp = bakery.url.rpartition("@")[2].rstrip("/")
    wrong = {name: value.format(amqp=amqp) for name, value in environ.items()}
    process = await bakery.start(BAKERY, errors=asyncio.subprocess.PIPE, **wrong)
    _, errors = await process.communicate()

    assert process.returncode == 1
    assert "Traceback" not in errors.decode()
    assert message in errors.decode().splitlines()[-1]
