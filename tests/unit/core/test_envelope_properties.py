"""What holds of every envelope, whatever anybody publishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery, Event, Outgoing
from orchestrator.core.packing import pack, unpack
from orchestrator.errors import BadMessage

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = texts.filter(bool)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=offsets)
header_values = json_values | st.binary(max_size=8) | moments | st.datetimes()
attributes = st.sampled_from(
    ["specversion", "id", "source", "type", "subject", "time", "correlationid", "causationid",
     "traceparent", "data", "data_base64", ""]
)  # fmt: skip
prefixes = st.sampled_from(["ce-", "CE-", "cloudEvents:", "cloudEvents_", "x-", ""])
headers = st.dictionaries(st.tuples(prefixes, attributes).map("".join), header_values, max_size=8)
required = st.fixed_dictionaries({"specversion": st.just("1.0"), "type": names, "id": names})
envelopes = st.one_of(
    st.dictionaries(attributes, json_values, max_size=8),
    st.tuples(required, st.dictionaries(attributes, json_values)).map(lambda d: d[1] | d[0]),
)


def deliveries(bodies: st.SearchStrategy[bytes]) -> st.SearchStrategy[Delivery]:
    return st.builds(
        Delivery,
        body=bodies,
        content_type=st.none() | st.sampled_from(["application/cloudevents+json", "text/plain"]),
        message_id=st.none() | texts,
        correlation_id=st.none() | texts,
        app_id=st.none() | texts,
        timestamp=st.none() | moments,
        headers=headers,
    )


def outcome(delivery: Delivery) -> Event | BadMessage:
    try:
        return decode(delivery, NOW)
    except BadMessage as error:
        return error


def is_sound(found: Event | BadMessage) -> bool:
    """Whether an event has all that the engine relies on, or a refusal all that people need."""
    if isinstance(found, BadMessage):
        return bool(found.reason) and "\n" not in str(found)
    named = bool(found.type and found.id and found.correlation_id)
    return named and found.time.tzinfo is not None and len(found.identity) == 16


@settings(deadline=None)
@given(deliveries(st.binary(max_size=200)))
def test_any_bytes_are_an_event_or_refused(delivery: Delivery) -> None:
    """A message that raises anything else would come again for ever and stop the queue."""
    assert is_sound(outcome(delivery))


@settings(deadline=None)
@given(deliveries(envelopes.map(orjson.dumps)))
@example(Delivery(b'{"type":"A","time":"0001-01-01T00:00:00+23:59"}'))
@example(Delivery(b'{"type":"A","id":"\\u0000"}'))
def test_any_json_is_an_event_or_refused(delivery: Delivery) -> None:
    """The same, for what looks like an event at first."""
    assert is_sound(outcome(delivery))


outgoing_messages = st.builds(
    Outgoing,
    id=names,
    type=names,
    channel=names,
    source=names,
    time=st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    data=json_values,
    correlation_id=names,
    subject=st.none() | names,
    causation_id=st.none() | names,
    traceparent=st.none() | names,
    rule=st.none() | names,
    revision=names,
)


@settings(deadline=None)
@given(st.lists(outgoing_messages, max_size=3))
@example([])
def test_what_leaves_the_outbox_equals_what_went_in(outgoing: list[Outgoing]) -> None:
    """A message sent again after a crash must be the same to the byte, or it is another one."""
    messages = tuple(encode(one) for one in outgoing)
    assert unpack(orjson.loads(pack(messages))) == messages


@settings(deadline=None)
@given(outgoing_messages)
def test_what_is_sent_is_read_as_it_was_meant(outgoing: Outgoing) -> None:
    """Nothing is lost on the way from a decision to a consumer."""
    message = encode(outgoing)
    event = decode(Delivery(message.body, headers=message.headers), NOW)
    expected: dict[str, Any] = {
        "type": outgoing.type,
        "id": outgoing.id,
        "source": outgoing.source,
        "subject": outgoing.subject,
        "time": outgoing.time,
        "correlationid": outgoing.correlation_id,
        "causationid": outgoing.causation_id,
        "data": outgoing.data,
    }
    assert event.attributes() == expected
