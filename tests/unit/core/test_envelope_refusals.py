"""What is no event, and the exact words that say so in a dead letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.core.envelope import MAX_ATTRIBUTE, decode
from orchestrator.core.event import Delivery
from orchestrator.core.payload import MAX_BODY_BYTES, MAX_DEPTH, read_json
from orchestrator.errors import BadMessage

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
CE = {"specversion": "1.0", "id": "e-1", "source": "portal", "type": "Filed"}

BINARY = {f"ce-{name}": value for name, value in CE.items()}


def cloudevent(**changes: object) -> bytes:
    return json.dumps(CE | changes).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in CE.items() if key != name}).encode()


BAD_JSON = {
    "empty body": b"",
    "text": b"hello",
    "cut off": b'{"type": "Filed"',
    "NaN": b'{"type": "Filed", "data": NaN}',
    "Infinity": b'{"type": "Filed", "data": -Infinity}',
    "number beyond a double": b'{"type": "Filed", "data": 1e999}',
    "not UTF-8": b'{"type": "F\xff"}',
    "half a surrogate pair": b'{"type": "F\\ud800"}',
    "byte order mark": b'\xef\xbb\xbf{"type": "Filed"}',
    "UTF-16": '{"type": "Filed"}'.encode("utf-16"),
    "comment": b'{"type": "Filed"} // done',
    "two documents": b'{"type": "Filed"}{"type": "Filed"}',
    "deeper than any parser goes": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """The parser's own words follow; they hold a position, never the content."""
    with pytest.raises(BadMessage, match=r"^the body is not JSON: ") as refusal:
        decode(Delivery(body), NOW)
    assert refusal.value.reason == "not-json"
    assert "Filed" not in str(refusal.value)


@pytest.mark.parametrize("body", [BAD_JSON["not UTF-8"], BAD_JSON["UTF-16"], b"\x89PNG\r\n"])
def test_bytes_that_are_no_text_are_called_so(body: bytes) -> None:
    """A sender with a wrong encoding is not helped by a parser's talk of surrogates."""
    with pytest.raises(BadMessage, match=r"^the body is not JSON: it is not UTF-8 text$"):
        decode(Delivery(body), NOW)


REFUSALS: dict[str, tuple[bytes, str, str]] = {
    "list": (b"[]", "not-an-object", "the body is JSON but not an object"),
    "batch of CloudEvents": (
        b"[%s]" % cloudevent(),
        "not-an-object",
        "the body is JSON but not an object",
    ),
    "text": (b'"Filed"', "not-an-object", "the body is JSON but not an object"),
    "null": (b"null", "not-an-object", "the body is JSON but not an object"),
    "plain without type": (b'{"id": 1}', "no-type", 'the message has no "type"'),
    "plain with empty type": (b'{"type": ""}', "no-type", 'the message has no "type"'),
    "plain with a number as type": (b'{"type": 5}', "no-type", 'the message has a non-text "type"'),
    "no type": (without("type"), "no-type", 'the message has no "type"'),
    "no id": (without("id"), "no-id", 'the message has no "id"'),
    "number as id": (cloudevent(id=5), "no-id", 'the message has a non-text "id"'),
    "no source": (without("source"), "no-source", 'the message has no "source"'),
    "empty source": (cloudevent(source=""), "no-source", 'the message has no "source"'),
    "old specversion": (
        cloudevent(specversion="0.3"),
        "bad-specversion",
        'a CloudEvent needs specversion "1.0"',
    ),
    "specversion as number": (
        cloudevent(specversion=1.0),
        "bad-specversion",
        'a CloudEvent needs specversion "1.0"',
    ),
    "base64": (
        cloudevent(data_base64="AAAA"),
        "binary-data",
        "data_base64 is not read here: store the document, send a reference",
    ),
    "time as number": (
        cloudevent(time=5),
        "bad-time",
        '"time" is not a text such as "2026-03-01T09:00:00Z"',
    ),
    "time in words": (
        cloudevent(time="yesterday"),
        "bad-time",
        '"time" is not RFC 3339, such as "2026-03-01T09:00:00Z"',
    ),
    "no such day": (
        cloudevent(time="2026-02-30T00:00:00Z"),
        "bad-time",
        '"time" is not RFC 3339, such as "2026-03-01T09:00:00Z"',
    ),
    "before the first year in UTC": (
        cloudevent(time="0001-01-01T00:00:00+14:00"),
        "bad-time",
        '"time" is not RFC 3339, such as "2026-03-01T09:00:00Z"',
    ),
    "seconds in its offset": (
        cloudevent(time="2026-03-01T09:00:00+23:59:40"),
        "bad-time",
        '"time" is not RFC 3339, such as "2026-03-01T09:00:00Z"',
    ),
    "number as subject": (cloudevent(subject=991), "bad-subject", '"subject" is not a text'),
    "list as correlationid": (
        cloudevent(correlationid=["a"]),
        "bad-correlationid",
        '"correlationid" is not a text',
    ),
    "number as causationid": (
        cloudevent(causationid=1),
        "bad-causationid",
        '"causationid" is not a text',
    ),
    "number as traceparent": (
        cloudevent(traceparent=1),
        "bad-traceparent",
        '"traceparent" is not a text',
    ),
    **{
        f"{value} as a plain id": (
            b'{"type": "Filed", "id": %s}' % value.encode(),
            "bad-id",
            "id is neither a non-empty text nor an integer",
        )
        for value in ('""', "1.5", "true", "[]", "{}")
    },
}


@pytest.mark.parametrize(("body", "reason", "text"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_no_event_is_refused(body: bytes, reason: str, text: str) -> None:
    """The reason is for metrics and filters, the text for whoever wrote the producer."""
    with pytest.raises(BadMessage) as refusal:
        decode(Delivery(body), NOW)
    assert (refusal.value.reason, str(refusal.value)) == (reason, text)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"ce-type": "Filed"}, "bad-specversion"),
        ({"ce-specversion": "1.0", "ce-type": 5}, "no-type"),
        (BINARY | {"ce-time": 10**18}, "bad-time"),
        (BINARY | {"ce-time": b"x"}, "bad-time"),
        (BINARY | {"ce-subject": {}}, "bad-subject"),
    ],
)
def test_headers_that_are_no_cloudevent_are_refused(headers: dict[str, Any], reason: str) -> None:
    """A header may hold whatever an AMQP table can."""
    with pytest.raises(BadMessage) as refusal:
        decode(Delivery(b"{}", headers=headers), NOW)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("form", "name"),
    [
        *((CE, name) for name in ("id", "source", "type", "subject", "correlationid")),
        *(({"type": "Filed"}, name) for name in ("id", "type", "correlationid", "causationid")),
    ],
)
def test_an_attribute_must_fit_into_a_header(form: dict[str, str], name: str) -> None:
    """A command says in a header what caused it; one too long for a frame ends the connection."""
    decode(Delivery(json.dumps(form | {name: "x" * MAX_ATTRIBUTE}).encode()), NOW)
    with pytest.raises(BadMessage) as refusal:
        decode(Delivery(json.dumps(form | {name: "x" * (MAX_ATTRIBUTE + 1)}).encode()), NOW)
    assert refusal.value.reason == "attribute-too-long"
    assert str(refusal.value) == (
        f'"{name}" has 1001 characters, over the limit of 1000: put it into the data'
    )


def test_a_trace_context_that_cannot_be_one_is_left_out() -> None:
    """As its specification says of invalid ones: the trace starts anew, the event is good."""
    delivery = Delivery(b'{"type": "Filed"}', headers={"traceparent": "0" * 100_000})
    assert decode(delivery, NOW).traceparent is None


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_message_that_routes_itself_is_refused(header: str) -> None:
    """Such headers get past topic permissions; also before anybody looks at the body."""
    with pytest.raises(BadMessage) as refusal:
        decode(Delivery(b"no event", headers={header: ["hr.v1"]}), NOW)
    assert refusal.value.reason == "cc-bcc-header"
    assert str(refusal.value) == (
        f"the message carries a {header} header, which routes past topic permissions:"
        " publish to one routing key"
    )


def test_the_limit_of_the_size_is_exact() -> None:
    """What is just allowed on one side must be allowed on the other."""
    fits = b'"%s"' % (b"x" * (MAX_BODY_BYTES - 2))
    assert read_json(fits) == "x" * (MAX_BODY_BYTES - 2)
    with pytest.raises(BadMessage) as refusal:
        read_json(fits + b" ")
    assert refusal.value.reason == "too-large"
    assert str(refusal.value) == (
        "the body has 1048577 bytes, over the limit of 1048576: store the document elsewhere and"
        " send a reference (claim check)"
    )


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b"[1,", b"]")])
def test_the_limit_of_the_depth_is_exact(opening: bytes, closing: bytes) -> None:
    """Whatever walks the data later must not run out of stack."""
    read_json(nested(MAX_DEPTH, opening, closing))
    with pytest.raises(BadMessage) as refusal:
        read_json(nested(MAX_DEPTH + 1, opening, closing))
    assert (refusal.value.reason, str(refusal.value)) == (
        "too-deep",
        "the body nests deeper than 64 levels",
    )


@pytest.mark.parametrize("body", [b"[%s]" % b",".join([b"[{}]"] * 500), b'"%s"' % (b"[" * 500)])
def test_many_brackets_are_not_depth(body: bytes) -> None:
    """The control: a long list, or a text with brackets in it."""
    assert read_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "number", [2**63, -(2**63) - 1, 2**64, -(2**64), 10**24, -(10**24), 10**30, 10**300]
)
def test_an_integer_beyond_64_bits_is_refused(number: int) -> None:
    """The parser would round it to a float without a word: somebody's account number."""
    with pytest.raises(BadMessage) as refusal:
        read_json(b'{"a": [%d]}' % number)
    assert (refusal.value.reason, str(refusal.value)) == (
        "integer-too-large",
        "the body holds an integer beyond 64 bits",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"9223372036854775807",
        b"-9223372036854775808",
        b'"99999999999999999999999999"',
        b'{"99999999999999999999999999": 1}',
        b"0.99999999999999999999999999",
        b"12345678901234567890123456e-10",
    ],
)
def test_long_digits_that_are_no_such_integer_are_read(body: bytes) -> None:
    """The control: the extremes, texts, and numbers that are floats anyway."""
    assert read_json(body) == json.loads(body)
