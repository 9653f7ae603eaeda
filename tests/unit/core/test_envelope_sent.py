"""The form we send, as others read it and as the outbox keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from orchestrator.core.deadletter import dead_letter
from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery, Message, Outgoing
from orchestrator.core.packing import pack, unpack
from orchestrator.core.payload import MAX_BODY_BYTES, refuse_oversize
from orchestrator.errors import BadMessage

NOW = datetime(2026, 3, 1, 9, 0, 0, 123, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
COMMAND = Outgoing(
    id="m-1",
    type="SendAcknowledgment",
    channel="notify.v1",
    source="orchestrator",
    time=NOW,
    data={"to": "ünï@example.org", "amount": 100.0},
    correlation_id="case-7",
    subject="C-991",
    causation_id="e-1",
    traceparent=TRACE,
    rule="complaint-intake",
    revision="0123456789ab",
)
BARE = Outgoing(
    id="m-2",
    type="Ping",
    channel="ops.v1",
    source="orchestrator",
    time=NOW,
    data=None,
    correlation_id="m-2",
)


def delivered(message: Message) -> Delivery:
    """Return what a consumer gets."""
    return Delivery(
        message.body,
        content_type=message.content_type,
        message_id=message.id,
        correlation_id=message.correlation_id,
        headers=message.headers,
    )


def test_what_is_not_refused_before_can_be_written() -> None:
    """Whatever else a message says: it would be refused where nobody can do anything about it."""
    widest = "\x01" * 1000  # written as six characters each
    most = "x" * (MAX_BODY_BYTES - 16 * 1024 - 2)
    refuse_oversize("SendAcknowledgment", most)
    encode(replace(COMMAND, data=most, causation_id=widest, subject=widest[:200]))
    with pytest.raises(BadMessage, match=r"SendAcknowledgment would have 1,032,193 bytes, over"):
        refuse_oversize("SendAcknowledgment", most + "x")


def test_the_body_is_a_structured_cloudevent() -> None:
    """The whole contract with other systems; names and order as in the specification."""
    assert orjson.loads(encode(COMMAND).body) == {
        "specversion": "1.0",
        "id": "m-1",
        "source": "orchestrator",
        "type": "SendAcknowledgment",
        "subject": "C-991",
        "time": "2026-03-01T09:00:00.000123Z",
        "datacontenttype": "application/json",
        "correlationid": "case-7",
        "causationid": "e-1",
        "traceparent": TRACE,
        "data": {"to": "ünï@example.org", "amount": 100.0},
    }


def test_the_same_facts_stand_in_amqp_properties() -> None:
    """The RabbitMQ UI shows these, and nothing of the body's meaning."""
    message = encode(COMMAND)
    assert replace(message, body=b"") == Message(
        exchange=None,
        routing_key="notify.v1",
        body=b"",
        id="m-1",
        type="SendAcknowledgment",
        correlation_id="case-7",
        source="orchestrator",
        time=NOW,
        content_type="application/cloudevents+json",
        headers={
            "x-causation-id": "e-1",
            "traceparent": TRACE,
            "x-rule": "complaint-intake",
            "x-revision": "0123456789ab",
        },
    )


def test_what_is_not_known_is_left_out() -> None:
    """Absent, not null: CloudEvents forbids null attributes."""
    message = encode(BARE)
    assert message.headers == {}
    assert orjson.loads(message.body).keys() == {
        "specversion", "id", "source", "type", "time", "datacontenttype", "correlationid", "data",
    }  # fmt: skip


@pytest.mark.parametrize("outgoing", [COMMAND, BARE])
def test_we_read_what_we_send(outgoing: Outgoing) -> None:
    """Our own consumers, and rules that react to what rules send."""
    event = decode(delivered(encode(outgoing)), datetime(2030, 1, 1, tzinfo=UTC))
    assert (event.type, event.id, event.source) == (outgoing.type, outgoing.id, outgoing.source)
    assert (event.subject, event.time, event.data) == (outgoing.subject, NOW, outgoing.data)
    assert (event.correlation_id, event.causation_id, event.traceparent) == (
        outgoing.correlation_id,
        outgoing.causation_id,
        outgoing.traceparent,
    )


@pytest.mark.parametrize("outgoing", [COMMAND, BARE])
def test_the_cloudevents_sdk_reads_what_we_send(outgoing: Outgoing) -> None:
    """Anybody may consume with the official library."""
    message = encode(outgoing)
    properties = {"content-type": message.content_type}
    theirs = from_amqp(AMQPMessage(properties, dict(message.headers), message.body), JSONFormat())
    assert (theirs.get_id(), theirs.get_type(), theirs.get_source()) == (
        outgoing.id,
        outgoing.type,
        outgoing.source,
    )
    assert (theirs.get_subject(), theirs.get_time()) == (outgoing.subject, NOW)
    assert theirs.get_data() == outgoing.data
    assert theirs.get_extension("correlationid") == outgoing.correlation_id
    assert theirs.get_extension("causationid") == outgoing.causation_id


@pytest.mark.parametrize("mode", [to_structured, to_binary])
def test_we_read_what_the_cloudevents_sdk_sends(mode: type[object]) -> None:
    """Anybody may publish with the official library, in either mode."""
    time = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
    attributes = {
        "id": "e-1",
        "source": "/portal",
        "type": "ComplaintFiled",
        "specversion": "1.0",
        "subject": "C-991",
        "time": time,
        "datacontenttype": "application/json",
        "correlationid": "case-7",
    }
    theirs = mode(CloudEvent(attributes, {"amount": 100}), JSONFormat())  # type: ignore[call-arg]
    assert isinstance(theirs, AMQPMessage)
    event = decode(
        Delivery(
            theirs.application_data,
            content_type=theirs.properties["content-type"],
            headers=theirs.application_properties,
        ),
        NOW,
    )
    assert (event.type, event.id, event.source) == ("ComplaintFiled", "e-1", "/portal")
    assert (event.subject, event.time) == ("C-991", time)
    assert (event.correlation_id, event.data) == ("case-7", {"amount": 100})


def test_a_command_that_others_would_refuse_is_not_sent() -> None:
    """It fails here, where the rule can be named, and not at each of its receivers."""
    fits = replace(COMMAND, data="")
    room = MAX_BODY_BYTES - len(encode(fits).body)
    assert len(encode(replace(COMMAND, data="x" * room)).body) == MAX_BODY_BYTES
    with pytest.raises(BadMessage, match="SendAcknowledgment would have 1048577 bytes") as refusal:
        encode(replace(COMMAND, data="x" * (room + 1)))
    assert refusal.value.reason == "too-large"


def test_the_outbox_can_be_read_by_people() -> None:
    """On call at night with `redis-cli` and nothing else."""
    packed = pack([encode(COMMAND)])
    assert b'"SendAcknowledgment"' in packed
    assert "ünï@example.org".encode() in packed
    assert unpack(orjson.loads(packed)) == (encode(COMMAND),)


@pytest.mark.parametrize("time", [None, COMMAND.time])
def test_a_dead_letter_survives_the_outbox(time: datetime | None) -> None:
    """It goes to a queue, under the properties of what it is a copy of, or none."""
    tried = Delivery(b'{"due":"2026-03-01"}', type="orchestrator.timer", timestamp=time)
    letters = (dead_letter(tried, "orchestrator", "expression", "no field", COMMAND.time),)
    assert unpack(orjson.loads(pack(letters))) == letters
