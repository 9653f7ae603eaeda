"""What a message says about itself, also where it cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from orchestrator.cli.seen import UNREADABLE, see, sender_rule
from orchestrator.core import headers
from orchestrator.core.event import Delivery

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
CLOUDEVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "intake",
    "type": "ComplaintFiled",
    "time": "2026-03-01T08:00:00Z",
    "correlationid": "C-1",
    "data": {"amount": 1},
}


def test_a_readable_message_says_everything() -> None:
    """The envelope wins over the AMQP properties: it is what rules see."""
    seen = see(Delivery(orjson.dumps(CLOUDEVENT), routing_key="complaints.v1", type="Other"), NOW)
    assert (seen.id, seen.type, seen.key, seen.source, seen.channel, seen.data, seen.problem) == (
        *("e-1", "ComplaintFiled", "C-1", "intake", "complaints.v1"),
        *({"amount": 1}, None),
    )
    assert (seen.time, seen.timed) == (datetime(2026, 3, 1, 8, tzinfo=UTC), True)


def test_what_cannot_be_read_is_shown_by_its_properties() -> None:
    """A message that broke something is the one people look for."""
    delivery = Delivery(b"{", message_id="m-1", correlation_id="C-1", app_id="intake")
    seen = see(delivery, NOW)
    assert (seen.id, seen.type, seen.key, seen.sender) == ("m-1", UNREADABLE, "C-1", "intake")
    assert seen.problem is not None
    assert seen.problem.startswith("the body is not JSON")


@pytest.mark.parametrize("body", [b'{"type": "A", "id": "C-1"}', b"{"])
def test_a_time_that_nobody_stated_is_known_as_a_guess(body: bytes) -> None:
    """A guess in a trace must not be read as what happened."""
    seen = see(Delivery(body), NOW)
    assert (seen.time, seen.timed, seen.as_json()["time"]) == (NOW, False, None)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("ack", {headers.RULE: "ack"}),
        (None, {headers.RULE: "failed", headers.REASON: "expression-failed"}),
        ("ack", {headers.RULE: "x", headers.REASON: "y", headers.SENDER_RULE: "ack"}),
        (None, {}),
    ],
    ids=["sent by a rule", "an event on which a rule failed", "a command that failed", "an event"],
)
def test_the_rule_that_sent_it_is_not_the_rule_that_failed_on_it(
    rule: str | None, found: dict[str, object]
) -> None:
    """Both stand in one header, which means the one or the other."""
    assert sender_rule(Delivery(b"", headers=found)) == rule


def test_the_channel_of_a_dead_letter_is_the_one_it_was_published_under() -> None:
    """Its own routing key is only the name of its queue."""
    delivery = Delivery(
        orjson.dumps(CLOUDEVENT),
        routing_key="hr.dlq",
        headers={headers.ORIGINAL_ROUTING_KEY: "hr.v1"},
    )
    assert see(delivery, NOW).channel == "hr.v1"
