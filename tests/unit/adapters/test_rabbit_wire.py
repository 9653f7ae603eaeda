from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from orchestrator.adapters.rabbit import decoding, encoding
from orchestrator.core.event import Delivery, Message

if TYPE_CHECKING:
    from pamqp.frame import FrameTypes

CHANNEL = 3
FRAME_MAX = 131_072
TIME = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EMPTY = Message("hms", "notify.v1", b"")
SHORT = st.text(max_size=60, alphabet=st.characters(exclude_categories=["Cs"]))
NAMES = st.text(max_size=30, alphabet=st.characters(exclude_categories=["Cs"]))
NAMED = st.none() | SHORT.filter(bool)
VALUES = st.recursive(
    st.none() | st.booleans() | SHORT | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.builds(
    Message,
    exchange=st.from_regex(r"[a-z.:]{0,40}", fullmatch=True),
    routing_key=SHORT,
    body=st.binary(max_size=300),
    id=NAMED,
    type=NAMED,
    correlation_id=NAMED,
    source=NAMED,
    time=st.none() | st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    content_type=NAMED,
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    other=st.fixed_dictionaries(
        {},
        optional={
            "content_encoding": SHORT.filter(bool),
            "priority": st.integers(1, 9),
            "reply_to": SHORT.filter(bool),
        },
    ),
)


def pamqp_publication(message: Message) -> bytes:
    """What aiormq would write."""
    other: dict[str, Any] = dict(message.other)
    headers: dict[str, Any] = dict(message.headers)
    properties = commands.Basic.Properties(
        content_type=message.content_type,
        headers=headers or None,
        delivery_mode=2,
        correlation_id=message.correlation_id,
        message_id=message.id,
        timestamp=message.time,
        message_type=message.type,
        app_id=message.source,
        **other,
    )
    frames: list[FrameTypes] = [
        commands.Basic.Publish(
            exchange=message.exchange or "", routing_key=message.routing_key, mandatory=True
        ),
        ContentHeader(body_size=len(message.body), properties=properties),
    ]
    if message.body:
        frames.append(ContentBody(message.body))
    return b"".join(frame.marshal(each, CHANNEL) for each in frames)


def sorted_tables(value: Any) -> Any:
    """Pamqp sorts the fields of a table, we keep their order: compare sorted."""
    if isinstance(value, dict):
        return {name: sorted_tables(value[name]) for name in sorted(value)}
    return [sorted_tables(item) for item in value] if isinstance(value, list) else value


def decoded(message: Message) -> Delivery:
    """Send `message` through our encoder and decoder, as if a broker stood between."""
    frames = encoding.publication(message, message.exchange or "", CHANNEL, FRAME_MAX)
    method_end = 7 + int.from_bytes(frames[3:7])
    header = frames[method_end + 8 : method_end + 8 + int.from_bytes(frames[method_end + 4 :][:4])]
    deliver = commands.Basic.Deliver("tag", 77, redelivered=True, exchange="e", routing_key="k")
    method = frame.marshal(deliver, CHANNEL)[7:-1]
    return decoding.delivery(method, header, message.body)


@given(MESSAGES)
def test_a_publication_is_byte_for_byte_what_pamqp_writes(message: Message) -> None:
    """Pamqp is the reference: a wrong length or flag would close the connection."""
    message = replace(message, headers=sorted_tables(message.headers))

    ours = encoding.publication(message, message.exchange or "", CHANNEL, FRAME_MAX)

    assert ours == pamqp_publication(message)


@given(MESSAGES)
def test_a_delivery_says_what_was_published(message: Message) -> None:
    """Nothing may change on the way through: redrives copy what they read here."""
    assert decoded(message) == Delivery(
        body=message.body,
        exchange="e",
        routing_key="k",
        content_type=message.content_type,
        type=message.type,
        message_id=message.id,
        correlation_id=message.correlation_id,
        app_id=message.source,
        timestamp=message.time.replace(microsecond=0) if message.time else None,
        headers=message.headers,
        other=message.other,
        redelivered=True,
        token=77,
    )


@pytest.mark.parametrize("value", [0.1, b"\xff\xfe", Decimal("1.5"), TIME, [{"a": 0.1}]])
def test_header_values_of_every_kind_survive(value: object) -> None:
    """Foreign clients send what they like; pamqp halves floats and refuses raw bytes."""
    assert decoded(replace(EMPTY, headers={"x": value})).headers == {"x": value}


def test_a_body_over_the_frame_limit_is_split() -> None:
    """A frame over the negotiated size closes the connection."""
    frames = encoding.publication(replace(EMPTY, body=b"x" * 25), "hms", CHANNEL, frame_max=18)

    split = [b"x" * 10, b"x" * 10, b"x" * 5]
    assert frames.endswith(b"".join(frame.marshal(ContentBody(part), CHANNEL) for part in split))


def test_a_property_over_255_bytes_is_cut_at_a_character() -> None:
    """A correlation key may be any length, the property that mirrors it may not."""
    assert decoded(replace(EMPTY, correlation_id="ä" * 200)).correlation_id == "ä" * 127


def test_text_that_is_not_utf8_is_read_all_the_same() -> None:
    """One such message must not cost the connection, again and again."""
    deliver = commands.Basic.Deliver("t", 1, redelivered=False, exchange="e", routing_key="k")
    method = frame.marshal(deliver, CHANNEL)[7:-1]
    header = encoding.publication(replace(EMPTY, type="AB"), "", 1, FRAME_MAX)
    header = header[header.index(b"\xce\x02") + 8 : -1].replace(b"AB", b"A\xff")

    assert decoding.delivery(method, header, b"").type == "A\ufffd"


def test_a_timestamp_beyond_the_calendar_is_left_out() -> None:
    """Some clients send milliseconds: the year 58000 must not cost the connection either."""
    deliver = commands.Basic.Deliver("t", 1, redelivered=False, exchange="e", routing_key="k")
    method = frame.marshal(deliver, CHANNEL)[7:-1]
    properties = commands.Basic.Properties(app_id="x")
    header = ContentHeader(properties=properties).marshal()
    header = header[:12] + b"\x00\x48" + (2**60).to_bytes(8) + header[14:]

    found = decoding.delivery(method, header, b"")

    assert (found.timestamp, found.app_id) == (None, "x")


@pytest.mark.parametrize(("tag", "multiple"), [(1, True), (2**40, False)])
def test_an_acknowledgment_is_what_pamqp_writes(tag: int, *, multiple: bool) -> None:
    """It settles one message, or everything up to it."""
    expected = frame.marshal(commands.Basic.Ack(delivery_tag=tag, multiple=multiple), CHANNEL)

    assert encoding.acknowledgment(CHANNEL, tag, multiple=multiple) == expected
