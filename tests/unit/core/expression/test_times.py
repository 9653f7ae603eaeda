"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.expression.times import compact_duration, parse_duration


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(days=14), "14d"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(minutes=1), "1m"),
        (timedelta(milliseconds=1100), "1s100ms"),
        (timedelta(microseconds=3), "0s"),
        (timedelta(seconds=-1), "0s"),
    ],
)
def test_a_length_is_told_in_the_units_of_its_size(length: timedelta, shown: str) -> None:
    """An applicant reads it in a letter, where 1209600s says nothing."""
    assert shown == compact_duration(length)


@given(st.integers(min_value=1, max_value=10**13))
def test_what_is_told_can_be_written_into_a_rule(milliseconds: int) -> None:
    """A person copies it from a message into a file."""
    length = timedelta(milliseconds=milliseconds)

    assert length == parse_duration(compact_duration(length))
