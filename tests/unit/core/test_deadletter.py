from datetime import UTC, datetime

import pytest

from orchestrator.core.deadletter import (
    MAX_ERROR_LENGTH,
    dead_letter,
    read,
    retry,
    revival,
    revived,
)
from orchestrator.core.event import Delivery

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BARE = Delivery(body=b"{}", exchange="hms", routing_key="complaints.v1")
COMMAND = Delivery(
    body=b"{}",
    exchange="hms",
    routing_key="notify.v1",
    content_type="application/json",
    type="SendAcknowledgment",
    message_id="m-1",
    correlation_id="C-991",
    app_id="orchestrator",
    timestamp=NOW,
    headers={"x-rule": "intake", "x-causation-id": "e-1", "tenant": 7},
    other={"priority": 3},
)


def test_a_dead_letter_keeps_absent_properties_absent() -> None:
    """A copy that invents a message id would have another identity after a redrive."""
    copy = dead_letter(BARE, "orchestrator", "not-json", "no", NOW)

    assert (
        copy.id,
        copy.type,
        copy.correlation_id,
        copy.source,
        copy.time,
        copy.content_type,
    ) == (None,) * 6


def test_a_dead_letter_says_what_where_when_and_why() -> None:
    """It is all that a person on call has."""
    copy = dead_letter(BARE, "orchestrator", "not-json", "bad brace", NOW, rule="r", attempts=2)

    assert (copy.exchange, copy.routing_key) == ("", "orchestrator.dlq")
    assert copy.headers == {
        "x-reason": "not-json",
        "x-error": "bad brace",
        "x-first-error": "bad brace",
        "x-attempts": 2,
        "x-rule": "r",
        "x-original-exchange": "hms",
        "x-original-routing-key": "complaints.v1",
        "x-dead-lettered-at": "2026-03-01T09:00:00.000+00:00",
        "x-queue": "orchestrator",
    }


def test_a_retried_copy_remembers_where_it_came_from_and_its_first_error() -> None:
    """After two rounds through the retry queues the exchange is the broker's default one."""
    first = retry(BARE, "notify", "retry.1s", 2, "refused")
    back = Delivery(body=b"{}", routing_key="notify", headers=first.headers)
    last = dead_letter(back, "notify", "exhausted", "timeout", NOW, attempts=2).headers

    assert (
        first.exchange,
        first.routing_key,
        first.headers["x-attempt"],
    ) == ("retry.1s", "notify", 2)
    assert (last["x-first-error"], last["x-error"]) == ("refused", "timeout")
    assert (last["x-original-exchange"], last["x-original-routing-key"]) == ("hms", "complaints.v1")
    assert "x-attempt" not in last


def test_no_copy_is_sent_to_further_queues() -> None:
    """Who may write to no queue must not have us do it; to our own it would be for ever."""
    delivery = Delivery(b"{", headers={"CC": ["orchestrator"], "BCC": ["hr"], "tenant": 7})
    letter = dead_letter(delivery, "orchestrator", "cc-bcc-header", "no", NOW)
    copies = (
        letter,
        retry(delivery, "orchestrator", "retry.1s", 2, "no"),
        revival(read(delivery, "hms.unrouted"), None),
    )
    assert [name for copy in copies for name in copy.headers if not name.startswith("x-")] == [
        *("tenant", "tenant", "tenant")
    ]


def test_a_retried_copy_carries_no_notes_of_the_broker() -> None:
    """By them the broker tells a circle, which it drops; anybody may have written them."""
    found = {"x-death": [{"queue": "notify"}], "x-first-death-queue": "notify", "tenant": 7}
    copy = retry(Delivery(b"{}", headers=found), "notify", "retry.1s", 2, "refused")

    assert {name for name in copy.headers if name in found} == {"tenant"}


@pytest.mark.parametrize("delivery", [BARE, COMMAND])
def test_a_redrive_restores_the_messages_own_headers(delivery: Delivery) -> None:
    """What comes back must be what was sent, or its receivers see another message."""
    copy = dead_letter(delivery, "notify", "rejected", "no", NOW, handler="acknowledge")

    assert delivery.headers == revived(copy.headers)
    assert (delivery.message_id, delivery.other) == (copy.id, copy.other)


def test_a_redriven_part_names_its_rule() -> None:
    """The other rules have reacted already; a new one must not react to an old event."""
    copy = dead_letter(BARE, "orchestrator", "expression-failed", "no", NOW, rule="intake")

    assert revived(copy.headers) == {"x-redrive-rule": "intake"}


def test_what_the_broker_dead_lettered_keeps_its_own_rule() -> None:
    """A command carries the rule that sent it: that is not a rule that failed."""
    found = {"x-rule": "intake", "x-death": [{"queue": "notify"}], "x-first-death-queue": "notify"}

    assert revived(found) == {"x-rule": "intake"}


def test_a_long_error_is_cut() -> None:
    """Headers beyond one frame would cost the connection, and every other message with it."""
    copy = dead_letter(BARE, "q", "rejected", "x" * 200_000, NOW)

    assert len(str(copy.headers["x-error"])) == MAX_ERROR_LENGTH


@pytest.mark.parametrize(
    "huge",
    ["x" * 99_990, "ü" * 49_990, b"x" * 99_990, [1] * 10_000, {"a": {"b": "x" * 99_970}}],
    ids=["text", "text beyond ASCII", "bytes", "numbers", "tables"],
)
def test_headers_that_leave_no_room_are_left_out(huge: object) -> None:
    """What a publisher could just send must not end our connection at every attempt to copy it."""
    delivery = Delivery(b"{", headers={"tenant": 7, "huge": huge, "note": "small"})
    copies = (
        dead_letter(delivery, "q", "not-json", "no", NOW),
        retry(delivery, "q", "retry.1s", 2, "no"),
    )
    for copy in copies:
        assert "huge" not in copy.headers
        assert (copy.headers["tenant"], copy.headers["note"]) == (7, "small")


@pytest.mark.parametrize(
    "name", ["x-rule", "x-first-error", "x-original-exchange", "x-original-routing-key"]
)
@pytest.mark.parametrize("huge", ["x" * 130_000, b"x" * 130_000, [1] * 60_000])
def test_notes_that_a_publisher_made_up_leave_room_as_well(name: str, huge: object) -> None:
    """Our own notes are never left out; so what stands under their names must not be taken over."""
    delivery = Delivery(b"{", "hms", "complaints.v1", headers={name: huge})
    copies = (
        dead_letter(delivery, "q", "not-json", "no", NOW),
        retry(delivery, "q", "retry.1s", 2, "no"),
    )
    for copy in copies:
        assert huge not in copy.headers.values()
        assert (copy.headers["x-first-error"], copy.headers["x-original-exchange"]) == ("no", "hms")


def test_the_name_of_a_rule_is_cut_where_no_rule_can_have_it() -> None:
    """Who publishes a copy that claims to be redriven writes what he likes there."""
    named = {
        name: dead_letter(Delivery(b"{"), "q", "not-json", "no", NOW, rule=name).headers["x-rule"]
        for name in ("r" * 100, "r" * 130_000)
    }
    assert list(named.values()) == ["r" * 100, f"{'r' * 100}..."]


def test_headers_that_fit_are_kept_to_the_last() -> None:
    """The control: large is not too large."""
    delivery = Delivery(b"{", headers={"large": "x" * 99_000, "tenant": 7})
    copy = dead_letter(delivery, "q", "not-json", "no", NOW)
    assert {name: copy.headers[name] for name in delivery.headers} == delivery.headers
