"""What a dead letter says about itself, whoever made it, and how it comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.deadletter import DeadLetter, dead_letter, read, retry, revival, revived
from orchestrator.core.event import Delivery
from orchestrator.core.headers import DEAD_LETTER

if TYPE_CHECKING:
    from orchestrator.core.event import Message

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SENT = Delivery(
    body=b"{}",
    exchange="hms",
    routing_key="complaints.v1",
    content_type="application/json",
    type="ComplaintFiled",
    message_id="m-1",
    correlation_id="C-991",
    app_id="portal",
    timestamp=NOW,
    headers={"tenant": 7},
    other={"priority": 3},
)
FROM_BROKER = {
    "x-first-death-queue": "notify",
    "x-first-death-reason": "delivery_limit",
    "x-first-death-exchange": "",
    "x-last-death-reason": "expired",
    "x-death": [{"queue": "notify", "reason": "delivery_limit"}],
    "x-delivery-count": 20,
}


def found(message: Message) -> Delivery:
    """Return what lies in the dead-letter queue once `message` was published."""
    return Delivery(
        body=message.body,
        exchange=message.exchange or "",
        routing_key=message.routing_key,
        content_type=message.content_type,
        type=message.type,
        message_id=message.id,
        correlation_id=message.correlation_id,
        app_id=message.source,
        timestamp=message.time,
        headers=message.headers,
        other=message.other,
    )


def test_what_was_written_is_read() -> None:
    """`dlq list` shows what the engine knew when it gave up."""
    letter = found(dead_letter(SENT, "orchestrator", "schema-violation", "no", NOW, rule="intake"))
    assert read(letter, "orchestrator.dlq") == DeadLetter(
        queue="orchestrator.dlq",
        delivery=letter,
        reason="schema-violation",
        error="no",
        first_error="no",
        attempts=1,
        rule="intake",
        handler=None,
        exchange="hms",
        routing_key="complaints.v1",
        at=NOW,
    )


def test_a_letter_after_retries_tells_first_and_last_error_and_its_origin() -> None:
    """The retry queues have put other exchanges and keys on it since."""
    again = found(retry(SENT, "notify", "retry.1s", 2, "connection refused"))
    letter = read(
        found(dead_letter(again, "notify", "exhausted", "timeout", NOW, handler="ack", attempts=2)),
        "notify.dlq",
    )
    assert (letter.first_error, letter.error) == ("connection refused", "timeout")
    assert (letter.attempts, letter.handler, letter.rule) == (2, "ack", None)
    assert (letter.exchange, letter.routing_key) == ("hms", "complaints.v1")


def test_a_letter_of_the_broker_tells_the_brokers_reason() -> None:
    """Nobody of us saw it die; its rule is the one that sent it, not one that failed."""
    letter = read(Delivery(b"{}", headers=FROM_BROKER | {"x-rule": "intake"}), "notify.dlq")
    assert (letter.reason, letter.error, letter.attempts) == ("expired", "", 20)
    assert (letter.rule, letter.at) == (None, None)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-first-death-reason": "delivery_limit"}, "delivery-limit"),
        ({"x-first-death-reason": "rejected", "x-last-death-reason": "maxlen"}, "maxlen"),
        ({}, "unrouted"),
    ],
)
def test_reasons_of_the_broker_are_spelled_like_ours(
    headers: dict[str, object], reason: str
) -> None:
    """`dlq list --reason` takes one spelling."""
    assert read(Delivery(b"{}", headers=headers), "hms.unrouted").reason == reason


@pytest.mark.parametrize("by_broker", [False, True])
def test_a_letter_goes_back_to_its_queue_as_it_was(*, by_broker: bool) -> None:
    """Receivers must see the message that was sent, with the same id, or dedupe is lost."""
    copy = found(dead_letter(SENT, "notify", "exhausted", "no", NOW, handler="ack"))
    letter = Delivery(b"{}", headers={**SENT.headers, **FROM_BROKER}) if by_broker else copy
    message = revival(read(letter, "notify.dlq"), "notify")
    assert (message.exchange, message.routing_key) == ("", "notify")
    assert message.headers == {"tenant": 7}
    if not by_broker:
        assert (message.id, message.type, message.body) == ("m-1", "ComplaintFiled", b"{}")
        assert (message.source, message.time, message.other) == ("portal", NOW, {"priority": 3})


def test_an_unrouted_message_is_published_anew() -> None:
    """By now somebody may be bound to its key."""
    letter = read(Delivery(b"{}", exchange="hms.bus", routing_key="new.v1"), "hms.unrouted")
    message = revival(letter, None)
    assert (message.exchange, message.routing_key) == (None, "new.v1")


own_headers = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name not in DEAD_LETTER and name[:2] != "x-"),
    st.integers() | st.text(max_size=5),
    max_size=4,
)
rules = st.none() | st.text(min_size=1, max_size=5)


@settings(deadline=None)
@given(own_headers, rules, rules, st.integers(0, 3))
def test_a_redrive_restores_the_headers_after_any_history(
    own: dict[str, object], sender: str | None, failed: str | None, deaths: int
) -> None:
    """Also of what was redriven before and died again."""
    original = own | ({"x-rule": sender} if sender is not None else {})
    headers: dict[str, object] = original
    for _ in range(deaths + 1):
        copy = dead_letter(Delivery(b"", headers=headers), "q", "r", "e", NOW, rule=failed)
        headers = revived(copy.headers)
    expected = original | ({"x-redrive-rule": failed} if failed is not None else {})
    assert headers == expected


values = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.lists(st.none())


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*sorted(DEAD_LETTER), *FROM_BROKER]), values))
def test_whatever_lies_in_the_queue_can_be_read(headers: dict[str, object]) -> None:
    """One letter that somebody else has put there must not hide all the others."""
    letter = read(Delivery(b"", headers=headers), "q.dlq")
    assert letter.reason
    assert isinstance(letter.attempts, int)
    assert letter.at is None or letter.at.year
