"""What a correct rule on a schedule means: ticks, place, what it makes up for, revision."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.schedule import Cron, Periodic
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.rulefile import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.catalog import Catalog
    from orchestrator.core.schedule import Schedule

LETTER = "{SendNotification: {to: a@example.org, subject: Digest, text: '${data.scheduled_at}'}}"


def read(catalog: Catalog, every: str, rest: str = "") -> ScheduledRule:
    """Read a file with one rule on a schedule that must be without problems."""
    text = f"- {{name: r, when: {{every: {every}}}, {rest} then: [{LETTER}]}}"
    book, problems = read_rules([("f.yaml", text)], catalog)
    assert problems == []
    assert book is not None
    (rule,) = book.definitions
    assert isinstance(rule, ScheduledRule)
    assert book.channels == frozenset()
    return rule


@pytest.mark.parametrize(
    ("every", "rest", "schedule"),
    [
        ('"0 8 * * MON"', "", "0 8 * * MON UTC"),
        ('"0  8 * * mon"', "timezone: Europe/Berlin,", "0 8 * * MON Europe/Berlin"),
        ("0 8 1 JAN *", "timezone: UTC,", "0 8 1 JAN * UTC"),
        ("15m", "", Periodic(timedelta(minutes=15))),
        ("PT90M", "", Periodic(timedelta(minutes=90))),
        ("12h", "", Periodic(timedelta(hours=12))),
        ("1s", "", Periodic(timedelta(seconds=1))),
    ],
)
def test_schedules(catalog: Catalog, every: str, rest: str, schedule: Schedule | str) -> None:
    """A cron expression on the clock of a place, or a length that divides a day."""
    found = read(catalog, every, rest).schedule
    assert (found.text if isinstance(found, Cron) else found) == schedule


@pytest.mark.parametrize(
    ("rest", "catch_up"),
    [("", "last"), ("catch_up: none,", "none"), ("catch_up: all,", "all")],
)
def test_what_is_made_up_for(catalog: Catalog, rest: str, catch_up: str) -> None:
    """One run for all that was missed, unless the rule says otherwise."""
    assert read(catalog, "15m", rest).catch_up == catch_up


def test_a_message_that_needs_nothing_passes_the_tick_on(catalog: Catalog) -> None:
    """Where its schema takes rule and scheduled_at, `with` can be left out."""
    text = "- {name: r, when: {every: 15m}, then: [CloseCase]}"
    book, problems = read_rules([("f.yaml", text)], catalog)
    assert (problems, book is not None) == ([], True)


@pytest.fixture
def bare_machine() -> Iterator[None]:
    """A machine without time zones of its own."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("bare_machine")
def test_time_zones_need_nothing_of_the_machine(catalog: Catalog) -> None:
    """A slim image has no /usr/share/zoneinfo."""
    schedule = read(catalog, '"0 8 * * *"', "timezone: Asia/Kolkata,").schedule
    assert schedule.text == "0 8 * * * Asia/Kolkata"


BASE = ('"0 8 * * MON"', "timezone: Europe/Berlin, catch_up: last,")


@pytest.mark.parametrize(
    ("every", "rest"),
    [
        ('"0 8 * *  mon"', BASE[1]),
        (BASE[0], "description: d, timezone: Europe/Berlin,"),
    ],
)
def test_the_revision_stays_when_only_the_writing_changes(
    catalog: Catalog, every: str, rest: str
) -> None:
    """A rewrite of the file is no other rule."""
    assert read(catalog, every, rest).revision == read(catalog, *BASE).revision


@pytest.mark.parametrize(
    ("every", "rest"),
    [
        ('"0 9 * * MON"', BASE[1]),
        (BASE[0], "timezone: Europe/Paris,"),
        (BASE[0], "timezone: Europe/Berlin, catch_up: all,"),
    ],
)
def test_the_revision_changes_with_the_meaning(catalog: Catalog, every: str, rest: str) -> None:
    """The control of the test above."""
    assert read(catalog, every, rest).revision != read(catalog, *BASE).revision
