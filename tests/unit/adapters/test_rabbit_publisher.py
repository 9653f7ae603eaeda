from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pamqp import commands, frame

from orchestrator.adapters.rabbit.publisher import WINDOW, WINDOW_BYTES, Publisher
from orchestrator.core.event import Message
from orchestrator.errors import Misconfigured, Unavailable


class Wire:
    """Stands where the connection stands, and notes what is written."""

    where = "RabbitMQ at mq:5672"
    frame_max = 131_072

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.blocked: str | None = None
        self.aborted = asyncio.Event()
        self.tap = SimpleNamespace(attach=lambda _channel, _receiver: None)

    def write(self, frames: bytes) -> None:
        self.writes.append(frames)

    async def drain(self) -> None:
        """Take everything at once."""

    def abort(self) -> None:
        self.aborted.set()


def opened(wire: Wire, timeout_seconds: float = 10, *, patient: bool = True) -> Publisher:
    return Publisher(cast("Any", wire), 1, "hms", timeout_seconds, waits_out_alarms=patient)


def to(queue: str, count: int = 1) -> list[Message]:
    return [Message("", queue, b"x")] * count


async def started(publisher: Publisher, *batches: list[Message]) -> list[asyncio.Task[None]]:
    """Publish `batches` at the same time, and return once all are written."""
    tasks = [asyncio.create_task(publisher.publish(batch)) for batch in batches]
    await asyncio.sleep(0)
    return tasks


async def test_a_batch_is_one_write() -> None:
    """A write and a wake-up per message is what made publishing slow."""
    wire = Wire()

    (publishing,) = await started(publisher := opened(wire), to("q", 100))

    assert len(wire.writes) == 1
    publisher.confirmed(100, multiple=True, accepted=True)
    await publishing


@pytest.mark.parametrize(
    "confirms",
    [
        [(1, False), (2, False), (3, False), (4, False)],
        [(4, False), (2, False), (1, False), (3, False)],
        [(4, True)],
        [(2, False), (3, True), (4, False)],
        [(2, True), (2, True), (1, False), (4, True)],
    ],
)
async def test_confirms_may_come_in_any_order_and_twice(confirms: list[tuple[int, bool]]) -> None:
    """Each queue confirms when it is ready, one or many at a time; none counts twice."""
    publisher = opened(Wire())
    publishing = await started(publisher, to("q", 2), to("r", 2))

    for tag, multiple in confirms[:-1]:
        publisher.confirmed(tag, multiple=multiple, accepted=True)
    await asyncio.sleep(0)
    assert not all(task.done() for task in publishing)

    tag, multiple = confirms[-1]
    publisher.confirmed(tag, multiple=multiple, accepted=True)
    await asyncio.gather(*publishing)


async def test_a_refusal_names_the_full_queue_and_fails_its_batch_only() -> None:
    """The other batch is safe; whoever reads the text must know where to look."""
    publisher = opened(Wire())
    full, fine = await started(publisher, [*to("q"), *to("full.dlq")], to("r"))

    publisher.confirmed(2, multiple=False, accepted=False)
    publisher.confirmed(3, multiple=False, accepted=True)

    with pytest.raises(Unavailable, match=r"full\.dlq.*is full"):
        await full
    await fine


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (Message("", "notify.dlq", b"x"), "raise ORCHESTRATOR_DLQ_MAX_LENGTH"),
        (Message("", "notify", b"x"), "Let its service catch up"),
        (Message(None, "notify.v1", b"x"), "Let its service catch up"),
    ],
)
async def test_a_refusal_says_what_to_do_about_that_queue(message: Message, advice: str) -> None:
    """Only dead-letter queues have a limit of ours; others have one that somebody set."""
    (publishing,) = await started(publisher := opened(Wire()), [message])

    publisher.confirmed(1, multiple=False, accepted=False)

    with pytest.raises(Unavailable, match=advice):
        await publishing


async def test_a_returned_message_fails_every_batch_that_may_hold_it() -> None:
    """The broker confirms what it returned: without this, the message would be lost."""
    publisher = opened(Wire())
    one, other, fine = await started(publisher, to("gone"), to("gone"), to("r"))
    returned = commands.Basic.Return(312, "NO_ROUTE", exchange="", routing_key="gone")

    publisher.returned(frame.marshal(returned, 1)[7:-1])
    publisher.confirmed(3, multiple=True, accepted=True)

    says = "there is no queue gone: run `orchestrator apply`; a service of your own creates its"
    for task in (one, other):
        with pytest.raises(Unavailable, match=says):
            await task
    await fine


async def test_more_than_the_window_waits_for_room() -> None:
    """Beyond some hundreds in flight, a broker gets slower and our memory fills."""
    wire = Wire()
    publisher = opened(wire)

    (publishing,) = await started(publisher, to("q", WINDOW + 1))
    assert len(wire.writes) == 1

    publisher.confirmed(WINDOW, multiple=True, accepted=True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(wire.writes) == 2

    publisher.confirmed(WINDOW + 1, multiple=False, accepted=True)
    await publishing


async def test_large_messages_leave_a_few_at_a_time() -> None:
    """Hundreds of megabytes take longer than any timeout, and every try would send all of them."""
    wire = Wire()
    large = [replace(message, body=bytes(WINDOW_BYTES // 2)) for message in to("q", 5)]
    (publishing,) = await started(publisher := opened(wire), large)

    for confirmed, writes in ((2, 1), (4, 2), (5, 3)):
        assert len(wire.writes) == writes
        publisher.confirmed(confirmed, multiple=True, accepted=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    await publishing


async def test_a_missing_confirm_gives_the_connection_up() -> None:
    """Whether the message arrived, nobody knows: it is sent again, on another connection."""
    wire = Wire()

    with pytest.raises(Unavailable, match=r"no confirm within 0\.01 s"):
        await opened(wire, 0.01).publish(to("q"))

    assert wire.aborted.is_set()


async def test_an_alarm_is_waited_out() -> None:
    """The broker said that it does not read: that is no reason to hang up."""
    wire = Wire()
    wire.blocked = "low on memory"
    publisher = opened(wire, 0.01)
    (publishing,) = await started(publisher, to("q"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.shield(publishing)

    publisher.confirmed(1, multiple=False, accepted=True)
    await publishing
    assert not wire.aborted.is_set()


async def test_who_does_not_wait_out_an_alarm_hears_of_it() -> None:
    """A person at a terminal would look at nothing, for as long as the alarm lasts."""
    wire = Wire()
    wire.blocked = "low on memory"

    with pytest.raises(Unavailable, match=r"takes no messages now \(low on memory\): free memory"):
        await opened(wire, 0.01, patient=False).publish(to("q"))


async def test_a_closed_channel_fails_what_is_in_flight_and_what_follows() -> None:
    """Nothing may wait for a confirm that cannot come."""
    publisher = opened(Wire())
    (publishing,) = await started(publisher, to("q"))

    publisher.ended(404, "NOT_FOUND - no exchange 'hms'")

    with pytest.raises(Misconfigured, match="no exchange 'hms'"):
        await publishing
    with pytest.raises(Misconfigured):
        await publisher.publish(to("q"))
