"""Instances and timers as people see them: nothing hidden, nothing that steers the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import orjson
import pytest

from orchestrator.cli.remembered import (
    detail,
    instance_row,
    near,
    page,
    readable,
    short,
    timer_row,
)
from orchestrator.core.decision import Instance, Later
from orchestrator.core.event import Event, Outgoing
from orchestrator.core.ids import Identity, ReactionId
from orchestrator.core.later import keep
from orchestrator.core.scheduled import Pending
from orchestrator.core.stateful.memory import Kept, Memory, microseconds
from orchestrator.ports import InstanceKey, OpenInstance, Timer

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = InstanceKey("join", "C-1")
VERSION = ReactionId(bytes(range(16)))


def event(data: object) -> Event:
    return Event(
        type="ComplaintFiled",
        id="e-1",
        source="intake",
        subject="C-1",
        time=NOW,
        data=data,
        correlation_id="C-1",
        causation_id=None,
        traceparent=None,
        identity=Identity(bytes(16)),
    )


def test_a_row_says_since_when_and_until_when() -> None:
    """Stuck or merely waiting: both times tell."""
    assert instance_row(OpenInstance(AT, NOW - HOUR, NOW + HOUR), NOW) == {
        "changed": NOW - HOUR,
        "unchanged_for": "1 h 00 m",
        "status": "waiting",
        "rule": "join",
        "key": "C-1",
        "due": NOW + HOUR,
        "cursor": "1772352000000/waiting/join/C-1",
    }


@pytest.mark.parametrize(
    ("due", "shown"), [(NOW + HOUR, "1 h 00 m"), (NOW - HOUR, "-1 h 00 m")], ids=["left", "late"]
)
def test_a_timer_of_a_rule_says_how_long_is_left(due: datetime, shown: str) -> None:
    """Late means that the daemon is stopped or behind, which is worth seeing at a glance."""
    row = timer_row(Timer(AT, due), Instance(VERSION, b"{}"), NOW)
    assert (row["in"], row["kind"], row["type"], row["message"]) == (shown, "rule", None, None)


@pytest.mark.parametrize(
    ("due", "shown"),
    [(NOW + HOUR, "in 1 h 00 m"), (NOW - HOUR, "1 h 00 m late"), (None, None)],
    ids=["to come", "late", "never"],
)
def test_a_narrow_terminal_shows_how_far_away_it_is(
    due: datetime | None, shown: str | None
) -> None:
    """A moment takes the room that names need."""
    row = instance_row(OpenInstance(AT, NOW, due), NOW)
    assert near(row, NOW) == {**row, "due": shown}


def test_the_next_tick_of_a_schedule_is_told_from_the_end_of_a_time() -> None:
    """The one comes again and again, the other means that something has not come."""
    state = Pending("0 8 * * MON Europe/Berlin", NOW + HOUR).pack()
    row = timer_row(Timer(InstanceKey("digest", "digest"), NOW), Instance(VERSION, state), NOW)
    assert (row["kind"], row["rule"], row["key"]) == ("schedule", "digest", "digest")


def test_a_message_kept_for_later_says_what_will_be_sent() -> None:
    """Its id is what `timers cancel --message` takes."""
    outgoing = Outgoing(
        id="m-1",
        type="RemindInvestigator",
        channel="hr.v1",
        source="orchestrator",
        time=NOW,
        data={},
        correlation_id="C-1",
    )
    timer = Timer(InstanceKey("remind", "C-1").of_message("m-1"), NOW + HOUR)
    row = timer_row(timer, Instance(VERSION, keep(Later(NOW + HOUR, outgoing))), NOW)
    assert (row["kind"], row["type"], row["message"]) == ("message", "RemindInvestigator", "m-1")
    assert short(row)["message"] == "m-1"
    assert short({**row, "message": "1b4e28ba2fa1c0ff"})["message"] == "1b4e28ba"
    gone = timer_row(timer, None, NOW)
    assert (gone["kind"], gone["type"], gone["message"]) == ("message", None, "m-1")


def test_a_state_is_read_as_events_with_their_times() -> None:
    """What is packed for the machine tells a person nothing."""
    told = microseconds(NOW - HOUR)
    full = Kept(microseconds(NOW), Identity(bytes(16)), "filed", event({"amount": 1}))
    slim = Kept(microseconds(NOW + HOUR), Identity(bytes(16)), "seen", None)
    assert readable(Memory((full, slim), told).pack()) == {
        "events": {
            "filed": [{"time": NOW, "id": "e-1", "source": "intake", "data": {"amount": 1}}],
            "seen": [{"time": NOW + HOUR}],
        },
        "reported_until": NOW - HOUR,
    }


@pytest.mark.parametrize(
    ("state", "shown"),
    [(b'{"step": 1}', {"step": 1}), (b"[1]", [1]), (b"\xffpacked", "\ufffdpacked")],
)
def test_a_state_of_another_form_is_shown_as_it_is(state: bytes, shown: object) -> None:
    """A list that fails on one entry helps nobody."""
    assert readable(state) == shown


def test_a_page_shows_everything_and_steers_no_terminal() -> None:
    """Keys come from messages of anybody."""
    found = OpenInstance(InstanceKey("join", "C\x1b[31m"), NOW, NOW + HOUR)
    state = Memory((Kept(microseconds(NOW), Identity(bytes(16)), "filed", event("\x1b[2J")),))
    shown = detail(found, Instance(VERSION, state.pack(), revision="0123456789ab"))
    text = click.unstyle(page(shown))
    assert "\x1b" not in text
    assert "changed   2026-03-01T09:00:00.000Z" in text
    assert "due       2026-03-01T10:00:00.000Z" in text
    assert f"version   {VERSION.hex()}" in text
    assert '"time": "2026-03-01T09:00:00Z"' in text
    assert orjson.loads(orjson.dumps(shown))["revision"] == "0123456789ab"
