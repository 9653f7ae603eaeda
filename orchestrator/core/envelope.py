"""Bytes to events and back: CloudEvents 1.0 in both modes, and plain JSON. Knows no broker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from orchestrator.core.event import Event, Message
from orchestrator.core.headers import HOPS, REVISION, ROUTING, RULE, TRAIL
from orchestrator.core.hops import shortened
from orchestrator.core.ids import content_digest, event_identity
from orchestrator.core.payload import MAX_BODY_BYTES, read_json
from orchestrator.errors import BadMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.event import Delivery, Outgoing

CLOUDEVENTS_JSON = "application/cloudevents+json"
MAX_ATTRIBUTE = 1000
"""Characters of an id, a subject and the like: they go into headers, which share one AMQP frame."""

_BINARY_PREFIXES = ("ce-", "cloudEvents:", "cloudEvents_")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def decode(delivery: Delivery, now: datetime, max_body_bytes: int = MAX_BODY_BYTES) -> Event:
    """Read a delivery as an event, in any of the three accepted forms.

    Args:
        delivery: what the broker handed over.
        now: the time of an event that does not carry one.
        max_body_bytes: larger bodies are refused.

    Raises:
        BadMessage: it is none of the forms; the reason is a stable word, the text is for people.
    """
    _refuse_routing_headers(delivery.headers)
    attributes = _binary_attributes(delivery.headers)
    if attributes:
        attributes["data"] = read_json(delivery.body, max_body_bytes) if delivery.body else None
        attributes["time"] = _moment(attributes.get("time"))
        return _from_cloudevent(attributes, delivery, now)
    content = read_json(delivery.body, max_body_bytes)
    if not isinstance(content, dict):
        raise BadMessage("not-an-object", "the body is JSON but not an object")
    if "specversion" in content or delivery.content_type == CLOUDEVENTS_JSON:
        return _from_cloudevent(content, delivery, now)
    return _from_plain(content, delivery, now)


def _refuse_routing_headers(headers: Mapping[str, object]) -> None:
    for header in ROUTING:
        if header in headers:
            raise BadMessage(
                "cc-bcc-header",
                f"the message carries a {header} header, which routes past topic permissions:"
                " publish to one routing key",
            )


def _binary_attributes(headers: Mapping[str, object]) -> dict[str, object]:
    return {
        name[len(prefix) :].lower(): value
        for name, value in headers.items()
        for prefix in _BINARY_PREFIXES
        if name.startswith(prefix)
    }


def _moment(value: object) -> object:
    """Return a header's value, an integer as the moment it stands for: milliseconds since 1970."""
    if not isinstance(value, int):
        return value
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        raise BadMessage("bad-time", '"time" is beyond the year 9999') from None


def _from_cloudevent(content: Mapping[str, object], delivery: Delivery, now: datetime) -> Event:
    version = content.get("specversion")
    if version != "1.0":
        raise BadMessage("bad-specversion", 'a CloudEvent needs specversion "1.0"')
    if "data_base64" in content:
        raise BadMessage(
            "binary-data", "data_base64 is not read here: store the document, send a reference"
        )
    event_type = _required(content, "type")
    event_id = _required(content, "id")
    source = _required(content, "source")
    subject = _optional(content, "subject")
    return Event(
        type=event_type,
        id=event_id,
        source=source,
        subject=subject,
        time=_time(content.get("time"), delivery, now),
        data=content.get("data"),
        correlation_id=(
            _optional(content, "correlationid") or delivery.correlation_id or subject or event_id
        ),
        causation_id=_optional(content, "causationid"),
        traceparent=_optional(content, "traceparent") or _traceparent(delivery.headers),
        identity=event_identity(source, event_type, event_id),
        hops=_hops(delivery.headers),
        trail=_trail(delivery.headers),
    )


def _from_plain(content: Mapping[str, object], delivery: Delivery, now: datetime) -> Event:
    event_type = _required(content, "type")
    business_id = content.get("id")
    if isinstance(business_id, int) and not isinstance(business_id, bool):
        business_id = str(business_id)
    if business_id is not None and (not isinstance(business_id, str) or not business_id):
        raise BadMessage("bad-id", "id is neither a non-empty text nor an integer")
    if business_id is not None:
        _bounded("id", business_id)
    data = content.get("data", {})
    source = delivery.app_id or ""
    distinction: str | bytes
    if delivery.message_id:
        distinction = delivery.message_id
    else:
        # One business id may name several facts; equal data makes it a resend of one.
        digest = content_digest(orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
        distinction = b"%s\0%s" % ((business_id or "").encode(), digest)
    identity = event_identity(source, event_type, distinction)
    event_id = delivery.message_id or identity.hex()
    return Event(
        type=event_type,
        id=event_id,
        source=source,
        subject=business_id,
        time=_time(content.get("time"), delivery, now),
        data=data,
        correlation_id=(
            _optional(content, "correlationid")
            or delivery.correlation_id
            or business_id
            or event_id
        ),
        causation_id=_optional(content, "causationid"),
        traceparent=_traceparent(delivery.headers),
        identity=identity,
        hops=_hops(delivery.headers),
        trail=_trail(delivery.headers),
    )


def _required(content: Mapping[str, object], name: str) -> str:
    value = content.get(name)
    if isinstance(value, str) and value:
        return _bounded(name, value)
    problem = "has no" if value is None or value == "" else "has a non-text"
    raise BadMessage(f"no-{name}", f'the message {problem} "{name}"')


def _optional(content: Mapping[str, object], name: str) -> str | None:
    value = content.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadMessage(f"bad-{name}", f'"{name}" is not a text')
    return _bounded(name, value)


def _bounded(name: str, value: str) -> str:
    if len(value) > MAX_ATTRIBUTE:
        raise BadMessage(
            "attribute-too-long",
            f'"{name}" has {len(value)} characters, over the limit of {MAX_ATTRIBUTE}: put it'
            " into the data",
        )
    return value


def _traceparent(headers: Mapping[str, object]) -> str | None:
    value = headers.get("traceparent")
    return value if isinstance(value, str) and len(value) <= MAX_ATTRIBUTE else None


def _hops(headers: Mapping[str, object]) -> int:
    value = headers.get(HOPS)
    return value if isinstance(value, int) and value > 0 else 0


def _trail(headers: Mapping[str, object]) -> str:
    value = headers.get(TRAIL)
    return shortened(value) if isinstance(value, str) else ""


def _time(value: object, delivery: Delivery, now: datetime) -> datetime:
    if value is None:
        return delivery.timestamp or now
    moment = value if isinstance(value, datetime) else _parse_time(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parse_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise BadMessage("bad-time", '"time" is not a text such as "2026-03-01T09:00:00Z"')
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo:
            moment.astimezone(UTC)  # or a rule that asks for it would fail on it
    except (ValueError, OverflowError):
        raise _not_a_time() from None
    offset = moment.utcoffset()
    if offset is not None and offset % _MINUTE:  # which nobody writes as it was, or reads again
        raise _not_a_time()
    return moment


def _not_a_time() -> BadMessage:
    return BadMessage("bad-time", '"time" is not RFC 3339, such as "2026-03-01T09:00:00Z"')


def encode(outgoing: Outgoing) -> Message:
    """Write `outgoing` as a structured CloudEvent, with its facts mirrored in AMQP properties.

    The body carries everything a receiver needs; the properties show it in the RabbitMQ UI.

    Raises:
        BadMessage: it is too large for others to accept.
    """
    envelope: dict[str, object] = {
        "specversion": "1.0",
        "id": outgoing.id,
        "source": outgoing.source,
        "type": outgoing.type,
    }
    if outgoing.subject is not None:
        envelope["subject"] = outgoing.subject
    envelope["time"] = outgoing.time
    envelope["datacontenttype"] = "application/json"
    envelope["correlationid"] = outgoing.correlation_id
    headers: dict[str, object] = {}
    if outgoing.causation_id is not None:
        envelope["causationid"] = headers["x-causation-id"] = outgoing.causation_id
    if outgoing.traceparent is not None:
        envelope["traceparent"] = headers["traceparent"] = outgoing.traceparent
    if outgoing.rule is not None:
        headers[RULE] = outgoing.rule
        headers[REVISION] = outgoing.revision
    if outgoing.hops:
        headers[HOPS] = outgoing.hops
    if outgoing.trail:
        headers[TRAIL] = outgoing.trail
    envelope["data"] = outgoing.data
    body = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
    if len(body) > MAX_BODY_BYTES:
        raise BadMessage(
            "too-large",
            f"{outgoing.type} would have {len(body)} bytes, over the limit of {MAX_BODY_BYTES}:"
            " send a reference instead (claim check)",
        )
    return Message(
        exchange=None,
        routing_key=outgoing.channel,
        body=body,
        id=outgoing.id,
        type=outgoing.type,
        correlation_id=outgoing.correlation_id,
        source=outgoing.source,
        time=outgoing.time,
        content_type=CLOUDEVENTS_JSON,
        headers=headers,
    )
