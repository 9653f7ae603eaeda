"""Instances of workflows on a terminal: every state is told, nothing is wider than the screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import click
import pytest

from orchestrator.cli.gantt import draw
from orchestrator.core.workflow.state import TaskStatus

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = START + timedelta(minutes=10)


def at(minutes: float | None) -> str | None:
    return None if minutes is None else (START + timedelta(minutes=minutes)).isoformat()


def step(
    name: str,
    status: str = "completed",
    opened: float | None = 0,
    closed: float | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Return a step; times are minutes after the start."""
    known: dict[str, Any] = {
        "attempts": 1,
        "due": None,
        "role": None,
        "error": None,
        "items": None,
        "compensation": None,
    }
    times = {"opened_at": at(opened), "closed_at": at(closed)}
    return {"name": name, "status": status, **times, **known, **facts}


def case(*steps: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Return an instance."""
    known: dict[str, Any] = {
        "workflow": "restaurant-opening",
        "key": "R-7",
        "status": "running",
        "started_at": at(0),
        "ended_at": None,
        "error": None,
        "incidents": {},
    }
    return {**known, "steps": list(steps), **facts}


def plain(account: dict[str, Any], width: int = 80) -> list[str]:
    return [click.unstyle(line) for line in draw(account, NOW, width)]


def line(account: dict[str, Any], name: str, width: int = 80) -> str:
    """Return the line of a step."""
    return next(each for each in plain(account, width) if f" {name} " in f"{each} ")


LONG = "the kitchen has no second exit, and the plans that were handed in are of another house"
TEN = case(
    step("business_license", closed=2, attempts=3),
    step("zoning", closed=1),
    step("liquor_license", "skipped", 2, 2),
    step("health_permit", "failed", 2, 6, error={"type": "HealthPermitDenied", "reason": LONG}),
    step("building_permit", "running", 2, due=at(12), attempts=2),
    step("fire_inspection_of_the_whole_building_and_yard", "waiting", 3, due=at(9)),
    step("permits", items={"total": 1000, "done": 120, "failed": 3}, status="running"),
    step("final_approval", "running", 4, role="director", due=at(40)),
    step("parking", "completed", 1, 3, compensation=step("parking~", "incident", 6)),
    step("utilities", "unrouted", 5),
    error={"step": "health_permit", "type": "HealthPermitDenied", "reason": LONG},
    incidents={"parking~": LONG},
)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """A line that a terminal wraps destroys the columns, which are what one looks at."""
    assert max(map(len, plain(TEN, width))) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_left_out_where_there_is_no_room(width: int) -> None:
    """What is wrong stands there in full, on however many lines."""
    told = " ".join(" ".join(plain(TEN, width)).split())
    for fact in (LONG, "attempt 3", "asks director", "120 of 1000", "3 failed", "2 m 00 s left"):
        assert fact in told


def test_bars_show_when_and_how_long() -> None:
    """Half of the time is half of the width, and what is open goes on to the right end."""
    shown = case(step("first", closed=5), step("second", "running", 5))
    assert line(shown, "first", 60).split()[2] == "█" * 6 + "·" * 6
    assert line(shown, "second", 60).split()[2] == "·" * 6 + "█" * 6


@pytest.mark.parametrize(("width", "has_bars"), [(40, False), (80, True), (120, True)])
def test_bars_are_for_terminals_that_have_room(width: int, has_bars: bool) -> None:  # noqa: FBT001 - a table
    """Without room, words say more."""
    assert ("█" in "".join(plain(TEN, width))) is has_bars


def test_what_took_no_time_is_seen_all_the_same() -> None:
    """A step of no length has a bar, and an instance that began just now has a scale."""
    now = case(step("quick", closed=0), started_at=NOW.isoformat())
    assert "█" in line(now, "quick")
    assert "█" in line(case(step("quick", closed=0)), "quick")


@pytest.mark.parametrize("status", get_args(TaskStatus))
def test_every_status_is_a_word_and_no_sign_alone(status: str) -> None:
    """Who sees no colours, or does not know the signs, reads it."""
    told = line(case(step("zoning", status)), "zoning")
    assert status in told
    assert told.split()[0] != "·" or status == "pending"


def test_a_compensation_stands_below_its_step() -> None:
    """What was done and what was undone are seen together."""
    undone = step("zoning~", "completed", 5, 6)
    lines = plain(case(step("zoning", closed=2, compensation=undone)))
    assert [each.split()[1] for each in lines[-2:]] == ["zoning", "zoning~"]
    assert lines[-1].endswith("taken back, 1 m 00 s")


def test_what_is_late_says_so() -> None:
    """A time that has passed means that the daemon is stopped or behind."""
    assert "due for 1 m 00 s" in line(case(step("zoning", "running", due=at(9))), "zoning")


def test_who_waits_for_a_service_says_for_whom() -> None:
    """When it looks again is a detail; whom it waits for is what a person can mend."""
    reason = {"type": "unrouted", "reason": "waits for somebody who can pump"}
    shown = plain(case(step("drain", "unrouted", due=at(11), error=reason)))
    assert "      waits for somebody who can pump" in shown
    assert not any("left" in each for each in shown)


def test_what_has_ended_is_due_no_more() -> None:
    """Its last attempt's time is of no interest."""
    told = line(case(step("zoning", closed=2, due=at(12), role="clerk")), "zoning")
    assert "left" not in told
    assert "clerk" not in told


def test_the_head_says_since_when_and_what_is_wrong() -> None:
    """The first lines answer the first question: how is it?"""
    head = plain(TEN)[:5]
    assert head[0] == "restaurant-opening  R-7"
    assert head[1] == "  running, started 2026-03-01T09:00:00Z, 10 m 00 s ago"
    assert head[2].startswith("  failed: health_permit: the kitchen")
    cancelled = {"step": None, "type": "cancelled", "reason": "cancel by ines"}
    assert plain(case(error=cancelled))[2] == "  order: cancel by ines"
    ended = plain(case(ended_at=at(3), status="completed"))
    assert ended[1].endswith("3 m 00 s until 2026-03-01T09:03:00Z")


@pytest.mark.parametrize("evil", ["\x1b[2J", "a\nb", "\x9b31m", "\r"])
def test_nothing_that_came_in_steers_the_terminal(evil: str) -> None:
    """Names, keys and reasons come from messages."""
    error = {"step": evil, "type": "X", "reason": f"r{evil}"}
    shown = case(
        step(f"s{evil}", "failed", error=error, role=evil),
        key=evil,
        workflow=evil,
        error=error,
        incidents={evil: evil},
    )
    assert not any(sign < " " or "\x7f" <= sign <= "\x9f" for sign in "".join(plain(shown)))
