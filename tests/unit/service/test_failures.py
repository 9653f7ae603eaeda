"""What becomes of a message whose handler fails, in every way it can."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.catalog import read_catalog, read_schema_files
from orchestrator.core import headers
from orchestrator.errors import Unavailable
from orchestrator.service import Context, Reject
from tests.unit.service.workbench import Bake, Baked, Workbench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Message

SCHEMAS = Path(__file__).parents[3] / "schemas"


async def test_a_rejected_command_is_a_dead_letter_at_once(bench: Workbench) -> None:
    """Trying again cannot help; rules hear of it, and a person finds the reason."""

    @bench.service.on("Bake")
    async def reject(_command: Bake, _context: Context) -> None:
        raise Reject("no such cake")

    await bench.send()

    await bench.work_off(1)

    (failed,) = bench.published
    assert (failed["type"], failed["causationid"]) == ("CommandFailed", "m-1")
    assert failed["data"] == {
        "command": {"type": "Bake", "id": "m-1"},
        "error": "no such cake",
        "attempts": 1,
        "service": "bakery",
    }
    (dead,) = bench.dead_letters
    assert (dead.headers[headers.REASON], dead.headers[headers.ERROR]) == (
        "rejected",
        "no such cake",
    )
    assert str(dead.headers[headers.HANDLER]).endswith("reject")
    assert bench.listener.outcomes == ["given-up"]


class FullOfDeadLetters(MemoryBroker):
    """Refuses dead letters three times, and takes what was written with them."""

    refusals = 3

    async def publish(self, messages: Sequence[Message]) -> None:
        refused = [message for message in messages if message.exchange == ""]
        await super().publish([message for message in messages if message not in refused])
        if refused and self.refusals:
            self.refusals -= 1
            raise Unavailable("a queue it goes to is full")
        await super().publish(refused)


async def test_a_dead_letter_that_is_refused_keeps_nothing_else_coming_again(
    bench: Workbench,
) -> None:
    """A full dead-letter queue stays full for hours, and every try would be another event."""

    @bench.service.on("Bake")
    async def reject(_command: Bake, _context: Context) -> None:
        raise Reject("no such cake")

    bench.broker = full = FullOfDeadLetters(["bakery", "bakery.dlq"])
    await bench.send()

    await bench.work_off(1)

    assert (full.refusals, len(bench.published), len(bench.dead_letters)) == (0, 1, 1)


async def test_a_rejected_event_makes_no_failed_command(bench: Workbench) -> None:
    """Nobody ordered it, so nobody waits for an answer."""

    @bench.service.on("OvenInstalled")
    async def reject(_event: Bake, _context: Context) -> None:
        raise Reject("no oven")

    await bench.send("OvenInstalled")

    await bench.work_off(1)

    assert (len(bench.dead_letters), bench.published) == (1, [])


async def test_a_failing_handler_climbs_the_ladder_and_is_given_up(bench: Workbench) -> None:
    """Every attempt waits longer; the dead letter tells the first and the last error."""
    keys = set()

    @bench.service.on("Bake")
    async def fail(_command: Bake, context: Context) -> None:
        keys.add(context.idempotency_key)
        raise OSError(f"oven cold\nat attempt {context.attempt}")

    await bench.send()

    await bench.work_off(6)

    assert [copy.exchange for copy in bench.retries] == [
        "retry.1s",
        "retry.10s",
        "retry.1m",
        "retry.10m",
        "retry.1h",
    ]
    assert {copy.routing_key for copy in bench.retries} == {"bakery"}
    assert [report.attempt for report in bench.listener.reports] == [1, 2, 3, 4, 5, 6]
    (dead,) = bench.dead_letters
    assert dead.headers[headers.REASON] == "retries-exhausted"
    assert dead.headers[headers.FIRST_ERROR] == "OSError: oven cold at attempt 1"
    assert dead.headers[headers.ERROR] == "OSError: oven cold at attempt 6"
    assert dead.headers[headers.ATTEMPTS] == 6
    assert dead.headers[headers.ORIGINAL_ROUTING_KEY] == "bakery.v1"
    assert bench.published[0]["data"]["attempts"] == 6
    assert len(keys) == 1


class Unspeakable(Exception):
    """An error that cannot even say what it is."""

    def __str__(self) -> str:
        raise self


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ValueError("half a character: \ud83d"), "ValueError: half a character: ?"),
        (Unspeakable(), "Unspeakable"),
        (KeyError(), "KeyError"),
        (ExceptionGroup("both", [OSError(), OSError()]), "ExceptionGroup: both (2 sub-exceptions)"),
        (StopAsyncIteration(), "StopAsyncIteration"),
        (
            OSError("500 of http://me:pw@host/?token=x"),
            "OSError: 500 of http://me:***@host/?token=***",
        ),
    ],
)
async def test_whatever_a_handler_raises_can_be_told(
    bench: Workbench, raised: Exception, error: str
) -> None:
    """An error that stops whoever reports it would take the whole service down with it."""

    @bench.service.on("Bake", retries=())
    async def fail(_command: Bake, _context: Context) -> None:
        raise raised

    await bench.send()

    await bench.work_off(1)

    (dead,) = bench.dead_letters
    assert dead.headers[headers.ERROR] == error
    assert bench.published[0]["data"]["error"] == error
    # The author of the handler finds the traceback in the log.
    assert bench.listener.reports[0].exception is raised


@pytest.mark.parametrize("error", [Reject(""), Reject("x" * 5000), Reject("no\nsuch\tcake")])
async def test_the_failure_event_fits_the_shipped_document(bench: Workbench, error: Reject) -> None:
    """The runtime publishes it unchecked, so it must fit whatever a handler says."""

    @bench.service.on("Bake")
    async def reject(_command: Bake, _context: Context) -> None:
        raise error

    await bench.send()

    await bench.work_off(1)

    catalog, _ = read_catalog(read_schema_files(SCHEMAS))
    assert catalog is not None
    described = catalog.types["CommandFailed"]
    described.validate(bench.published[0]["data"])
    assert described.channel in {message.routing_key for message in bench.broker.published}


async def test_a_later_attempt_can_succeed(bench: Workbench) -> None:
    """What passes by itself costs one delay, and the reply is the one the first would have been."""

    @bench.service.on("Bake")
    async def warm_up(command: Bake, context: Context) -> Baked:
        if context.attempt == 1:
            raise OSError
        return Baked(cake=command.cake)

    await bench.send()

    await bench.work_off(2)

    assert bench.listener.outcomes == ["retried", "replied"]
    assert [event["causationid"] for event in bench.published] == ["m-1"]


async def test_a_hanging_handler_fails_by_its_own_timeout(bench: Workbench) -> None:
    """A handler that waits for ever must not hold a slot for ever; others go on meanwhile."""

    @bench.service.on("Bake", timeout_seconds=0.02, retries=())
    async def hang(command: Bake, _context: Context) -> Baked:
        if command.cake == "cake 1":
            await asyncio.Event().wait()
        return Baked(cake=command.cake)

    await bench.send(number=1)
    await bench.send(number=2)

    await bench.work_off(2)

    assert sorted(bench.listener.outcomes) == ["given-up", "replied"]
    (dead,) = bench.dead_letters
    assert str(dead.headers[headers.ERROR]).endswith("hang took longer than 0.02 s")


async def test_a_timeout_of_the_handlers_own_is_an_ordinary_failure(bench: Workbench) -> None:
    """What the handler waited for may be quicker next time; the runtime did not cut it off."""

    @bench.service.on("Bake", retries=())
    async def give_up(_command: Bake, _context: Context) -> None:
        raise TimeoutError("the oven did not answer")

    await bench.send()

    await bench.work_off(1)

    (dead,) = bench.dead_letters
    assert dead.headers[headers.ERROR] == "TimeoutError: the oven did not answer"


async def test_a_handler_that_awaits_something_cancelled_fails(bench: Workbench) -> None:
    """Cancellation from inside must not look like a stop and leave the message unsettled."""

    @bench.service.on("Bake", retries=())
    async def await_cancelled(_command: Bake, _context: Context) -> None:
        raise asyncio.CancelledError

    await bench.send()

    await bench.work_off(1)

    assert bench.listener.outcomes == ["given-up"]
