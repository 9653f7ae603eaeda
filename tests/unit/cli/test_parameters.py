"""Lengths of time and places in a list, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from orchestrator.cli.cursors import CURSOR, TIMER_CURSOR
from orchestrator.cli.lengths import LENGTH
from orchestrator.core.status import Status
from orchestrator.operation.pages import cursor, timer_cursor
from orchestrator.ports import FinishedInstance, InstanceKey, OpenInstance, Timer


@pytest.mark.parametrize("key", ["C-1", "a/b/c", "", "ünï '1'"])
def test_a_cursor_is_read_as_it_was_written(key: str) -> None:
    """Pages go on exactly where the last one ended, whatever is in a key."""
    changed = datetime(2026, 3, 1, 9, 0, 0, 1000, tzinfo=UTC)
    at = InstanceKey("join.ComplaintFiled-2", key)
    for place in (
        OpenInstance(at, changed, None, Status.INCIDENT),
        FinishedInstance(at, changed, Status.FAULTED, "0123456789ab", kept=True),
        FinishedInstance(at, changed, Status.COMPLETED, "", kept=False),
    ):
        assert CURSOR.convert(cursor(place), None, None) == place
    for where in (at, at.of_message("m-1"), at.of_piece("each/0")):
        timer = Timer(where, changed)
        assert TIMER_CURSOR.convert(timer_cursor(timer), None, None) == timer


@pytest.mark.parametrize(
    "told",
    ["", "C-1", "1/join", "1/open/join/C-1", "x/waiting/join/C-1", f"{10**40}/waiting/join/C-1"],
)
def test_what_is_no_cursor_is_refused(told: str) -> None:
    """Starting from the beginning instead would look like an endless list."""
    with pytest.raises(click.BadParameter, match="is no place in the list"):
        CURSOR.convert(told, None, None)


@pytest.mark.parametrize(
    ("told", "length"),
    [("1h30m", timedelta(minutes=90)), ("0s", timedelta()), ("PT48H", timedelta(2))],
)
def test_lengths_are_read_as_in_rules(told: str, length: timedelta) -> None:
    """One way to write a duration is enough to remember."""
    assert LENGTH.convert(told, None, None) == length


@pytest.mark.parametrize("told", ["", "1", "soon", "-1h", "1000000d"])
def test_what_is_no_length_is_refused(told: str) -> None:
    """A time that no calendar has would otherwise end in a traceback."""
    with pytest.raises(click.BadParameter, match="write it as 90m"):
        LENGTH.convert(told, None, None)
