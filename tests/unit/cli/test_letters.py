"""Dead letters on a terminal, in full and as JSON: nothing is lost, nothing steers the terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import orjson

from orchestrator.cli.letters import detail, entry, page, row
from orchestrator.core import headers
from orchestrator.core.deadletter import DeadLetter, dead_letter, read
from orchestrator.core.event import Delivery

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def letter(body: bytes, error: str = "no such region", **own: object) -> DeadLetter:
    """Return what is read back of a message that the hr service gave up."""
    delivery = Delivery(body, exchange="hms", routing_key="hr.v1", message_id="m-1", headers=own)
    copy = dead_letter(delivery, "hr", "rejected", error, NOW, handler="assign", attempts=3)
    assert copy.id is not None
    return read(Delivery(copy.body, message_id=copy.id, headers=copy.headers), "hr.dlq")


PLAIN = orjson.dumps({"type": "AssignInvestigator", "id": "C-1", "data": {"region": "x"}})


def test_a_row_has_what_one_selects_by() -> None:
    """Queue, reason and key are what a redrive is limited to."""
    assert row(letter(PLAIN)) == {
        "queue": "hr.dlq",
        "time": NOW,
        "type": "AssignInvestigator",
        "key": "C-1",
        "reason": "rejected",
        "by": "assign",
        "attempts": 3,
        "error": "no such region",
        "id": "m-1",
    }


def test_an_entry_fits_the_terminal_and_keeps_the_whole_error() -> None:
    """The end of an error is where it says what to do."""
    error = "a long story " * 10
    shown = click.unstyle(entry(row(letter(PLAIN, error.strip())), width=60))
    assert max(len(line) for line in shown.splitlines()[1:]) <= 60
    assert " ".join(shown.split()).endswith(f"rejected: {error}".strip())


def test_the_message_is_shown_with_its_own_headers_only() -> None:
    """What its failure added is shown by name already."""
    shown = detail(letter(PLAIN, tenant="north"))
    assert (shown["headers"], shown["data"], shown["body"]) == (
        {"tenant": "north"},
        {"region": "x"},
        None,
    )


def test_a_body_that_cannot_be_read_is_shown_as_it_is() -> None:
    """It is why the message was given up."""
    shown = detail(letter(b"{not json"))
    assert (shown["data"], shown["body"]) == (None, "{not json")
    assert "{not json" in page(shown)


def test_a_message_cannot_steer_the_terminal() -> None:
    """Anybody can publish escape sequences, and dead letters are read by people."""
    hostile = letter(b"\x1b[2J\x1b]0;title\x07", error="\x1b[31mred\rover")
    for shown in (entry(row(hostile), 80), page(detail(hostile))):
        assert set(click.unstyle(shown)) & {"\x1b", "\x07", "\r"} == set()
    assert headers.ERROR not in page(detail(hostile))
