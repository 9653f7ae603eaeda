"""The accepted forms of an event, its identity and its correlation key."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.envelope import decode
from orchestrator.core.event import Delivery, Event
from orchestrator.core.ids import event_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
EARLIER = datetime(2026, 2, 1, 8, 30, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "portal",
    "type": "ComplaintFiled",
    "subject": "C-991",
    "time": "2026-02-01T08:30:00Z",
    "correlationid": "case-7",
    "causationid": "e-0",
    "traceparent": TRACE,
}
COMPLAINT = {"category": "overtime-pay", "amount": 100.0}
EXPECTED = Event(
    type="ComplaintFiled",
    id="e-1",
    source="portal",
    subject="C-991",
    time=EARLIER,
    data=COMPLAINT,
    correlation_id="case-7",
    causation_id="e-0",
    traceparent=TRACE,
    identity=event_identity("portal", "ComplaintFiled", "e-1"),
)


def read(content: object, **properties: Any) -> Event:
    """Decode what a producer sends as JSON with some AMQP properties."""
    return decode(Delivery(json.dumps(content).encode(), **properties), NOW)


def plain(event_type: str = "Filed", **content: object) -> dict[str, object]:
    return {"type": event_type, **content}


def cloudevent(**changes: object) -> dict[str, object]:
    required = {"specversion": "1.0", "id": "e-1", "source": "portal", "type": "Filed"}
    return required | changes


@pytest.mark.parametrize("content_type", ["application/cloudevents+json", "text/plain", None])
def test_structured_cloudevents_are_read(content_type: str | None) -> None:
    """By content type or by what they say of themselves: many clients set no content type."""
    assert read({**ATTRIBUTES, "data": COMPLAINT}, content_type=content_type) == EXPECTED


@pytest.mark.parametrize("prefix", ["ce-", "cloudEvents:", "cloudEvents_"])
def test_binary_cloudevents_are_read_under_every_prefix(prefix: str) -> None:
    """HTTP gateways, the AMQP binding and JMS clients each write headers their own way."""
    headers = {f"{prefix}{name}": value for name, value in ATTRIBUTES.items()}
    assert read(COMPLAINT, headers=headers) == EXPECTED


def test_header_names_of_binary_cloudevents_come_in_any_case() -> None:
    """Gateways write ``ce-Type``."""
    headers = {f"ce-{name.title()}": value for name, value in ATTRIBUTES.items()}
    assert read(COMPLAINT, headers=headers) == EXPECTED


@pytest.mark.parametrize("body", [b"[1, 2]", b'"text"', b"null", b""])
def test_the_data_of_a_binary_cloudevent_is_any_json_or_nothing(body: bytes) -> None:
    """The headers are the event."""
    headers = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
    expected = json.loads(body) if body else None
    assert decode(Delivery(body, headers=headers), NOW).data == expected


@pytest.mark.parametrize("time", [EARLIER, EARLIER.replace(tzinfo=None), 1_769_934_600_000])
def test_a_header_may_hold_the_time_as_such(time: object) -> None:
    """AMQP has a type for moments; the CloudEvents SDK writes milliseconds."""
    headers = {f"ce-{name}": value for name, value in cloudevent(time=time).items()}
    assert read({}, headers=headers).time == EARLIER


def test_plain_messages_are_read() -> None:
    """Ten lines in any language: the business id is subject and correlation key."""
    event = read({"type": "ComplaintFiled", "id": "C-991", "data": COMPLAINT})
    assert (event.type, event.subject, event.correlation_id) == ("ComplaintFiled", "C-991", "C-991")
    assert (event.data, event.time, event.source, event.traceparent) == (COMPLAINT, NOW, "", None)
    assert event.id == event.identity.hex()


def test_a_plain_message_with_all_properties_keeps_them() -> None:
    """Whoever sets them knows why."""
    event = read(
        plain(id=991, causationid="e-0", time="2026-02-01T08:30:00Z"),
        message_id="m-1",
        app_id="portal",
        headers={"traceparent": TRACE},
    )
    assert (event.id, event.source, event.subject) == ("m-1", "portal", "991")
    assert (event.causation_id, event.time, event.traceparent) == ("e-0", EARLIER, TRACE)
    assert event.data == {}


def test_a_structured_cloudevent_without_data_has_none() -> None:
    """Absent data is null to a rule, not an empty object that somebody sent."""
    assert read(cloudevent()).data is None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00:00.25Z", datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T08:00:00.123456789Z", datetime(2026, 3, 1, 8, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-03-01T08:00:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),  # no zone: UTC
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_times_are_moments(time: str, expected: datetime) -> None:
    """Every time a rule compares is aware, however sloppy the producer."""
    event = read(cloudevent(time=time))
    assert event.time == expected
    assert event.time.tzinfo is not None


def test_an_event_without_time_happened_when_it_was_published() -> None:
    """The AMQP timestamp, else the present."""
    stamp = datetime(2026, 2, 28, tzinfo=timezone(timedelta(hours=1)))
    assert read(plain(), timestamp=stamp).time == stamp
    assert read(plain()).time == NOW


CORRELATION: dict[str, tuple[Mapping[str, object], Mapping[str, Any], str]] = {
    "correlationid before all": (
        cloudevent(correlationid="a", subject="c"),
        {"correlation_id": "b"},
        "a",
    ),
    "then the AMQP property": (cloudevent(subject="c"), {"correlation_id": "b"}, "b"),
    "then the subject": (cloudevent(subject="c"), {}, "c"),
    "then the id": (cloudevent(), {}, "e-1"),
    "empty is absent": (cloudevent(correlationid="", subject=""), {"correlation_id": ""}, "e-1"),
    "plain: correlationid": (plain(correlationid="a", id="d"), {"correlation_id": "b"}, "a"),
    "plain: the AMQP property": (plain(id="d"), {"correlation_id": "b", "message_id": "m"}, "b"),
    "plain: the business id": (plain(id="d"), {"message_id": "m"}, "d"),
    "plain: the message id": (plain(), {"message_id": "m"}, "m"),
}


@pytest.mark.parametrize(
    ("content", "properties", "key"), CORRELATION.values(), ids=CORRELATION.keys()
)
def test_the_correlation_key_is_the_first_that_is_there(
    content: Mapping[str, object], properties: Mapping[str, Any], key: str
) -> None:
    """Everything about one case must meet under one key, whoever published it."""
    assert read(content, **properties).correlation_id == key


def test_two_facts_of_one_business_id_are_two_events() -> None:
    """Two complaints filed under one number by mistake: neither may be dropped."""
    one = read(plain(id="C-1", data={"text": "no pay"}))
    two = read(plain(id="C-1", data={"text": "no pause"}))
    assert one.identity != two.identity
    assert one.id != two.id
    assert one.correlation_id == two.correlation_id


RESENT = {
    "sent twice": (
        [plain(id="C-1", data={"a": 1, "b": 2}), plain(id="C-1", data={"a": 1, "b": 2})],
        {},
    ),
    "keys in another order": (
        [plain(id="C-1", data={"a": 1, "b": {"c": 2, "d": 3}}),
         plain(data={"b": {"d": 3, "c": 2}, "a": 1}, id="C-1")],
        {},
    ),
    "id as number and as text": ([plain(id=7), plain(id="7")], {}),
    "one message id, edited data": (
        [plain(id="C-1", data={"a": 1}), plain(id="C-1", data={"a": 2})],
        {"message_id": "m-1"},
    ),
    "one CloudEvents id, edited data": (
        [cloudevent(data=1, time="2026-03-01T08:00:00Z"), cloudevent(data=2)],
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "properties"), RESENT.values(), ids=RESENT.keys())
def test_a_resend_is_the_same_event(sent: list[object], properties: Mapping[str, Any]) -> None:
    """A producer that did not get its confirm sends again, and nothing may happen twice."""
    one, again = (read(content, **properties) for content in sent)
    assert one.identity == again.identity
    assert one.id == again.id


DIFFERENT = {
    "type": (plain("Filed", id="1"), plain("Closed", id="1")),
    "business id": (plain(id="1"), plain(id="2")),
    "data": (plain(id="1", data=[1]), plain(id="1", data=["1"])),
    "order of a list": (plain(data=[1, 2]), plain(data=[2, 1])),
    "CloudEvents id": (cloudevent(id="1"), cloudevent(id="2")),
    "CloudEvents source": (cloudevent(source="a"), cloudevent(source="b")),
    "CloudEvents type": (cloudevent(type="a"), cloudevent(type="b")),
    "split between source and type": (
        cloudevent(source="ab", type="c"),
        cloudevent(source="a", type="bc"),
    ),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_facts_are_different_events(one: object, other: object) -> None:
    """The control: an identity that is too coarse drops events without a word."""
    assert read(one).identity != read(other).identity


def test_one_message_id_from_two_publishers_is_two_events() -> None:
    """Two services that both count from 1."""
    one, other = (read(plain(), message_id="1", app_id=source) for source in ("hr", "portal"))
    assert one.identity != other.identity


def test_rules_see_an_event_under_the_names_of_cloudevents() -> None:
    """What `event.` offers in an expression is documented by that specification."""
    assert EXPECTED.attributes() == {
        "type": "ComplaintFiled",
        "id": "e-1",
        "source": "portal",
        "subject": "C-991",
        "time": EARLIER,
        "correlationid": "case-7",
        "causationid": "e-0",
        "data": COMPLAINT,
    }
