"""When schedules tick: cron expressions on the clocks of places, and lengths of time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.schedule import (
    Cron,
    InvalidCronError,
    Periodic,
    newest_tick,
    next_tick,
    ticks_between,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
QUARTERS = Periodic(15 * MINUTE)


def cron(expression: str, zone: str = "Europe/Berlin") -> Cron:
    return Cron.parse(expression, ZoneInfo(zone), zone)


def shown(ticks: Sequence[datetime], zone: str = "Europe/Berlin") -> str:
    """Ticks as the clock of the place shows them, with its distance from UTC."""
    local = [tick.astimezone(ZoneInfo(zone)) for tick in ticks]
    return " ".join(f"{each:%d.%H:%M%z}".removesuffix("00") for each in local)


def on(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 8 * * MON", "30.08:00+02 06.08:00+02"),
        ("0 8 * * 1", "30.08:00+02 06.08:00+02"),
        ("0 0 29 2 *", "29.00:00+01 29.00:00+01"),
        ("30 9 L * *", "31.09:30+02 30.09:30+02"),
        ("0 12 * * FRI#1", "03.12:00+02 01.12:00+02"),
        ("0 12 * * 5L", "24.12:00+02 29.12:00+02"),
        ("0 8,18 1-2 * *", "01.08:00+02 01.18:00+02"),
        ("0 8 13 * FRI", "03.08:00+02 10.08:00+02"),
    ],
)
def test_a_cron_expression_ticks_on_the_clock_of_its_place(expression: str, expected: str) -> None:
    """Both days together mean either, as everywhere where cron is spoken."""
    assert shown(list(islice(cron(expression).ticks(on(3, 28, 22)), 2))) == expected


@pytest.mark.parametrize(
    ("expression", "spring", "autumn"),
    [
        ("30 2 * * *", "29.03:00+02 30.02:30+02", "25.02:30+02 26.02:30+01"),
        ("0,30 2 * * *", "29.03:00+02 30.02:00+02", "25.02:00+02 25.02:30+02"),
        ("0 2,3 * * *", "29.03:00+02 30.02:00+02", "25.02:00+02 25.03:00+01"),
        ("0 1-3 * * *", "29.01:00+01 29.03:00+02", "25.01:00+02 25.02:00+02"),
        ("*/30 2 * * *", "30.02:00+02 30.02:30+02", "25.02:00+02 25.02:30+02"),
        ("45 * * * *", "28.23:45+01 29.00:45+01", "25.00:45+02 25.01:45+02"),
    ],
)
def test_clocks_that_change(expression: str, spring: str, autumn: str) -> None:
    """A named time is never lost and never doubled; a rhythm follows the clock."""
    assert shown(list(islice(cron(expression).ticks(on(3, 28, 22)), 2))) == spring
    assert shown(list(islice(cron(expression).ticks(on(10, 24, 22)), 2))) == autumn


def test_a_rhythm_goes_on_through_the_hour_that_comes_twice() -> None:
    """Every half hour means every half hour, however often clocks show it."""
    ticks = list(islice(cron("*/30 * * * *").ticks(on(10, 24, 23, 59)), 5))
    assert shown(ticks) == "25.02:00+02 25.02:30+02 25.02:00+01 25.02:30+01 25.03:00+01"


def test_an_expression_is_not_repeated_in_the_second_of_two_equal_hours() -> None:
    """Asked in the second 2:30, the 2:45 of the first is past and the second does not count."""
    assert shown([*islice(cron("45 2 * * *").ticks(on(10, 25, 1, 30)), 1)]) == "26.02:45+01"


def test_an_island_that_changed_sides_of_the_date_line_has_its_ticks_in_order() -> None:
    """Samoa had no 30 December 2011: its tick came as the next day began, like that day's own."""
    ticks = cron("0 0 * * *", "Pacific/Apia").ticks(datetime(2011, 12, 28, 12, tzinfo=UTC))
    assert [f"{tick:%d %H}" for tick in islice(ticks, 3)] == ["29 10", "30 10", "31 10"]


EXPRESSIONS = st.sampled_from(
    [
        *("30 2 * * *", "0,30 2,3 * * *", "*/20 1-3 * * *", "7 * * * *", "0 0 * * *"),
        *("*/15 * * * SUN", "59 23 * * SAT", "0 3 29,25 * *", "* 2 * * *", "0 1-4 * 3,10 *"),
    ]
)
SEASONS = st.sampled_from([0, 1])
CHANGES = {
    "Europe/Berlin": (on(3, 29, 1), on(10, 25, 1)),
    "America/New_York": (on(3, 8, 7), on(11, 1, 6)),
    "Africa/Cairo": (on(4, 23, 22), on(10, 29, 21)),
    "Australia/Lord_Howe": (on(4, 4, 15), on(10, 3, 15, 30)),
}


def plainly(expression: str, zone: str, start: datetime, hours: int) -> list[datetime]:
    """A second opinion: look at the clock every minute, and remember the times it has shown."""
    place = ZoneInfo(zone)
    rhythm = expression.startswith("*") or expression.split()[1].startswith("*")
    minutes = [start + n * MINUTE for n in range(-48 * 60, hours * 60)]
    walls = {minute: minute.astimezone(place).replace(tzinfo=None) for minute in minutes}
    first, last = walls[minutes[0]], max(walls.values())
    named: set[datetime] = set()
    for wall in CronSim(expression, first):
        if wall > last:
            break
        named.add(wall)
    ticks, before = [], first
    for minute, wall in walls.items():
        if rhythm:
            due = wall in named
        else:  # all that the clock has come past or jumped over, and not yet had
            due = any(before < time <= wall for time in named if time > before)
            before = max(before, wall)
        if due and minute > start:
            ticks.append(minute)
    return ticks


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.sampled_from(sorted(CHANGES)), SEASONS, st.integers(-36 * 60, 12 * 60))
def test_ticks_are_those_of_somebody_who_watches_the_clock(
    expression: str, zone: str, season: int, minutes: int
) -> None:
    """From wherever one asks, on both sides of a change, and each from the one before it."""
    start = CHANGES[zone][season] + minutes * MINUTE
    expected = plainly(expression, zone, start, 40)
    schedule = cron(expression, zone)
    assert list(ticks_between(schedule, start, start + 40 * HOUR - MINUTE)) == expected
    found, tick = [], next_tick(schedule, start)
    while tick is not None and tick < start + 40 * HOUR:
        found.append(tick)
        tick = next_tick(schedule, tick)
    assert found == expected


def test_the_watcher_notices_ticks_that_are_wrong() -> None:
    """The control of the test above: the library alone forgets that an hour comes twice."""
    start = on(10, 25, 1, 30)
    alone = next(CronSim("45 2 * * *", start.astimezone(BERLIN))).astimezone(UTC)
    assert alone < start
    assert plainly("45 2 * * *", "Europe/Berlin", start, 40) != [alone]


def test_a_length_counts_from_midnight() -> None:
    """Two replicas that started at different times agree, and so does tomorrow."""
    ticks = ticks_between(QUARTERS, on(3, 1, 23, 30), on(3, 2, 0, 15))
    assert [f"{tick:%H:%M}" for tick in ticks] == ["23:45", "00:00", "00:15"]


@pytest.mark.parametrize("schedule", [QUARTERS, cron("*/15 * * * *"), cron("0 * * * *", "UTC")])
def test_a_tick_is_after_the_moment_and_not_at_it(schedule: Cron | Periodic) -> None:
    """The tick after a tick is the next one, or it would run for ever."""
    tick = next_tick(schedule, on(3, 1) - timedelta(microseconds=1))
    assert tick == on(3, 1)
    assert next_tick(schedule, tick) != tick


@pytest.mark.parametrize("schedule", [QUARTERS, cron("* * * * *"), cron("0 8 * * MON")])
@pytest.mark.parametrize("back", [MINUTE, 6 * HOUR, timedelta(days=40)])
def test_the_newest_tick(schedule: Cron | Periodic, back: timedelta) -> None:
    """Looking from the end finds what going through all of them finds."""
    until = on(4, 1, 9, 7)
    ticks = list(ticks_between(schedule, until - back, until))
    assert newest_tick(schedule, until - back, until) == (ticks[-1] if ticks else None)


@pytest.mark.parametrize("schedule", [QUARTERS, cron("0 8 * * *"), cron("* * * * *", "UTC")])
def test_schedules_end_with_the_year_9999(schedule: Cron | Periodic) -> None:
    """Nothing fails there: the sequence has come to its end."""
    end = datetime.max.replace(tzinfo=UTC)
    assert next_tick(schedule, end) is None
    assert len(list(schedule.ticks(end - timedelta(days=3)))) > 0


@pytest.mark.parametrize(
    "expression", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 */30 2 MON#5", "0 0 31 2 *"]
)
def test_what_never_ticks_is_refused(expression: str) -> None:
    """A rule that waits for ever looks like one that works."""
    with pytest.raises(InvalidCronError, match="never ticks"):
        cron(expression)


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "0 0 31 2 MON", "0 0 L 2 *"])
def test_what_ticks_seldom_is_not_refused(expression: str) -> None:
    """The control of the test above."""
    assert next_tick(cron(expression), on(3, 1)) is not None


@given(st.text(max_size=30) | st.text("0123456789*/-,#LW JANMON", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a file holds, a check must not end in a traceback."""
    with suppress(InvalidCronError):
        assert next_tick(cron(text, "UTC"), on(3, 1)) is not None


def test_equal_schedules_have_equal_texts() -> None:
    """By its text an instance tells whether its tick belongs to the schedule."""
    assert cron("0  8 * * mon").text == cron("0 8 * * MON").text == "0 8 * * MON Europe/Berlin"
    assert cron("0 8 * * MON", "UTC").text != cron("0 8 * * MON").text
    assert Periodic(timedelta(minutes=60)).text == Periodic(HOUR).text == "3600s"
