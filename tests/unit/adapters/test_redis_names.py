"""Timers in Redis: read back as they were written, whatever the key and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.adapters.redis.entries import milliseconds, timer, timer_name, timer_prefix
from orchestrator.ports import InstanceKey

DEFINITIONS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", fullmatch=True)
PARTS = st.one_of(
    st.just(""),
    st.uuids().map(lambda message: f"m/{message}"),
    st.from_regex(r"p/[A-Za-z][A-Za-z0-9_]{0,49}/[0-9]{1,5}", fullmatch=True),
)
FIRST = datetime.min.replace(tzinfo=UTC)
KEYS = st.one_of(st.text(), st.text(alphabet="/mp"))


@given(DEFINITIONS, KEYS, PARTS)
def test_a_timer_is_read_as_it_was_named(definition: str, key: str, part: str) -> None:
    at = InstanceKey(definition, key, part)
    assert timer(timer_name(at), 0).at == at


@given(st.integers(0, 10**17).map(lambda late: FIRST + timedelta(microseconds=late)))
@example(FIRST + timedelta(milliseconds=1))
@example(datetime(2300, 1, 1, 0, 0, 0, 999000, tzinfo=UTC))
def test_a_timer_is_due_when_it_was_set(due: datetime) -> None:
    """One that is read as due a little earlier fires for nothing, and is set again without end."""
    set_for = milliseconds(due)
    assert (
        milliseconds(timer(timer_name(InstanceKey("rule", "key")), float(set_for)).due) == set_for
    )


def test_the_timers_of_a_definition_begin_alike() -> None:
    name = timer_name(InstanceKey("a", "a-b/1"))
    assert name.startswith(timer_prefix("a"))
    assert not name.startswith(timer_prefix("a-b"))
    assert timer_prefix(None) == b"", "what the names of all begin with"
