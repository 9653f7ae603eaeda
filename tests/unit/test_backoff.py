"""How long to wait between tries."""

from __future__ import annotations

from itertools import islice

from orchestrator.backoff import FIRST_SECONDS, delays


def test_delays_double_up_to_the_longest_and_differ_by_jitter() -> None:
    """A hundred replicas that lost one broker must not come back in step."""
    limit = FIRST_SECONDS
    for delay in islice(delays(15), 12):
        assert limit / 2 <= delay <= limit
        limit = min(2 * limit, 15)
    assert limit == 15
    assert next(delays(15)) != next(delays(15))
