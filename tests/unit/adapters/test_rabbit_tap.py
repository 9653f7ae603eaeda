from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from orchestrator.adapters.rabbit.failures import NotAmqp
from orchestrator.adapters.rabbit.tap import FrameTap

if TYPE_CHECKING:
    from pamqp.frame import FrameTypes

TAPPED, OTHER = 1, 2
START = frame.marshal(commands.Connection.OpenOk(), 0)
HEARTBEAT = Heartbeat().marshal()


@dataclass
class Heard:
    """A receiver that notes what it hears."""

    notes: list[tuple[object, ...]] = field(default_factory=list)

    def delivered(self, method: bytes, header: bytes, body: bytes) -> None:  # noqa: ARG002
        self.notes.append(("delivered", body))

    def returned(self, method: bytes) -> None:  # noqa: ARG002
        self.notes.append(("returned",))

    def confirmed(self, tag: int, *, multiple: bool, accepted: bool) -> None:
        self.notes.append(("confirmed", tag, multiple, accepted))

    def ended(self, code: int, reason: str) -> None:
        self.notes.append(("ended", code, reason))


@pytest.fixture
async def tap() -> FrameTap:
    """A tap whose connection is open."""
    found = FrameTap(asyncio.get_running_loop())
    found.feed_data(START)
    return found


@pytest.fixture
async def heard(tap: FrameTap) -> Heard:
    """A receiver on the tapped channel."""
    receiver = Heard()
    tap.attach(TAPPED, receiver)
    return receiver


async def passed_on(tap: FrameTap) -> bytes:
    """What the client library would read, the start and signs of life left out."""
    tap.feed_eof()
    return (await tap.read()).removeprefix(START).replace(HEARTBEAT, b"")


def content(channel: int, *pieces: bytes) -> bytes:
    deliver = commands.Basic.Deliver("tag", 1, redelivered=False, exchange="e", routing_key="k")
    header = ContentHeader(body_size=sum(map(len, pieces)))
    frames: tuple[FrameTypes, ...] = (deliver, header, *map(ContentBody, pieces))
    return b"".join(frame.marshal(each, channel) for each in frames)


MIXED = b"".join(
    (
        content(TAPPED, b"one"),
        frame.marshal(commands.Queue.BindOk(), OTHER),
        content(TAPPED),
        content(OTHER, b"not ours"),
        frame.marshal(commands.Basic.Ack(7, multiple=True), TAPPED),
        content(TAPPED, b"in ", b"pieces"),
        frame.marshal(commands.Basic.Nack(8), TAPPED),
    )
)


@pytest.mark.parametrize("chunk", [1, 7, 50, 10_000])
async def test_frames_are_taken_whole_however_they_arrive(
    tap: FrameTap, heard: Heard, chunk: int
) -> None:
    """TCP cuts where it likes; one byte astray would end the connection."""
    for at in range(0, len(MIXED), chunk):
        tap.feed_data(MIXED[at : at + chunk])

    assert heard.notes == [
        ("delivered", b"one"),
        ("delivered", b""),
        ("confirmed", 7, True, True),
        ("delivered", b"in pieces"),
        ("confirmed", 8, False, False),
    ]
    bind_ok = frame.marshal(commands.Queue.BindOk(), OTHER)
    assert await passed_on(tap) == bind_ok + content(OTHER, b"not ours")


async def test_contents_of_two_channels_may_interleave(tap: FrameTap, heard: Heard) -> None:
    """Frames of one message are in order, but not next to each other."""
    other = Heard()
    tap.attach(OTHER, other)
    mine, theirs = content(TAPPED, b"mine"), content(OTHER, b"theirs")
    cut = len(mine) - 12

    tap.feed_data(mine[:cut] + theirs + mine[cut:])

    assert (heard.notes, other.notes) == ([("delivered", b"mine")], [("delivered", b"theirs")])


async def test_the_client_hears_signs_of_life_from_a_busy_broker(
    tap: FrameTap, heard: Heard
) -> None:
    """A broker that sends messages sends no heartbeats; the client would close the connection."""
    tap._sign_of_life_at = 0.0  # noqa: SLF001 - as if the last were long ago

    tap.feed_data(content(TAPPED, b"x"))

    tap.feed_eof()
    assert (await tap.read()).endswith(HEARTBEAT)
    assert heard.notes[0] == ("delivered", b"x")


async def test_a_memory_alarm_is_visible(tap: FrameTap) -> None:
    """Publishing waits then; somebody must be able to see why."""
    tap.feed_data(frame.marshal(commands.Connection.Blocked("low on memory"), 0))
    assert tap.blocked == "low on memory"

    tap.feed_data(frame.marshal(commands.Connection.Unblocked(), 0))
    assert tap.blocked is None


@pytest.mark.parametrize("ends", ["unblocked", "lost"])
async def test_an_alarm_is_told_once_and_so_is_its_end(ends: str) -> None:
    """Who shows it to people hears of changes only; a connection that is lost is not blocked."""
    alarms: list[str | None] = []
    tap = FrameTap(asyncio.get_running_loop(), alarms.append)
    tap.feed_data(START)

    for _ in range(2):
        tap.feed_data(frame.marshal(commands.Connection.Blocked("low on disk"), 0))
    if ends == "lost":
        tap.feed_eof()
    else:
        tap.feed_data(frame.marshal(commands.Connection.Unblocked(), 0))

    assert alarms == ["low on disk", None]


async def test_everybody_is_told_how_the_connection_ended(tap: FrameTap, heard: Heard) -> None:
    """The broker's reason is worth more than the closed socket that follows."""
    tap.feed_data(frame.marshal(commands.Connection.Close(320, "CONNECTION_FORCED", 0, 0), 0))
    tap.feed_eof()

    assert heard.notes == [("ended", 320, "CONNECTION_FORCED")]


@pytest.mark.parametrize(
    ("closing", "note"),
    [
        (commands.Channel.Close(404, "NOT_FOUND", 0, 0), ("ended", 404, "NOT_FOUND")),
        (
            commands.Basic.Cancel("tag", nowait=True),
            ("ended", 404, "the queue was deleted, or its node went down"),
        ),
    ],
)
async def test_a_closed_channel_is_told_and_passed_on(
    tap: FrameTap, heard: Heard, closing: commands.Channel.Close, note: tuple[object, ...]
) -> None:
    """The client library must answer it."""
    frames = frame.marshal(closing, TAPPED)

    tap.feed_data(frames)

    assert heard.notes == [note]
    assert await passed_on(tap) == frames


async def test_an_answer_that_is_not_amqp_is_refused_at_once() -> None:
    """Its bytes read as a frame would be a very long one, and waited for."""
    tap = FrameTap(asyncio.get_running_loop())

    tap.feed_data(b"-ERR unknown command\r\n")

    with pytest.raises(NotAmqp):
        await tap.readexactly(1)
