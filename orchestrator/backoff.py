"""How long to wait between tries of what failed. Knows neither what failed nor how to wait."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_SECONDS = 0.1


def delays(longest_seconds: float) -> Iterator[float]:
    """Yield delays in seconds without end: doubling, jittered by half, never over the longest.

    The jitter keeps a hundred replicas that lost one server from coming back in step.
    """
    delay = FIRST_SECONDS
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret
        delay = min(2 * delay, longest_seconds)
