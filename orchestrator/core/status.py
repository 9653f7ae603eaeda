"""What an instance is doing, as a closed list of words. Knows no instance."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What an instance is doing, or how it ended."""

    RUNNING = "running"
    """It has work of its own to do, at once."""
    WAITING = "waiting"
    """For an event, a reply or a time."""
    SUSPENDED = "suspended"
    """A person stopped it, and may let it go on."""
    COMPENSATING = "compensating"
    """It takes back what it did."""
    INCIDENT = "incident"
    """It cannot go on without a person."""
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether an instance of this status has ended."""
        return self in FINAL


FINAL: Final = (Status.COMPLETED, Status.FAULTED, Status.CANCELLED)
OPEN: Final = tuple(status for status in Status if status not in FINAL)
