"""How long to wait before a command is tried again. Pure arithmetic; knows no state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.workflow.ids import fraction

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Retry

_MAX_DOUBLINGS: Final = 40


def delay_ms(retry: Retry | None, attempts: int, next_command: str) -> int | None:
    """Return how long to wait before the next attempt.

    Args:
        retry: the policy; None allows one attempt.
        attempts: how many there were since it was last begun, at least 1.
        next_command: the id of the command that will be sent; the jitter derives from it.

    Returns:
        Milliseconds, or None when there were enough.
    """
    if retry is None or (retry.attempts is not None and attempts >= retry.attempts):
        return None
    delay = retry.delay.total_seconds() * 1000
    if retry.exponential:
        delay *= 2 ** min(attempts - 1, _MAX_DOUBLINGS)
    if retry.max_delay is not None:
        delay = min(delay, retry.max_delay.total_seconds() * 1000)
    if retry.jitter:
        delay *= 0.5 + fraction(next_command) / 2
    return round(delay)
