"""What an instance is doing, as a closed list of words. Knows no instance."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self


class Status(StrEnum):
    """What an instance is doing, or how it ended.

    Attributes:
        code: one byte that stands for it where millions are kept.
        final: whether an instance of this status has ended.
    """

    code: bytes
    final: bool

    def __new__(cls, word: str, code: bytes = b"", final: bool = False) -> Self:  # noqa: FBT001, FBT002 - a row
        """Make one of the statuses below."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.code = code
        member.final = final
        return member

    RUNNING = "running", b"r"
    """It has work of its own to do, at once."""
    WAITING = "waiting", b"w"
    """For an event, a reply or a time."""
    SUSPENDED = "suspended", b"s"
    """A person stopped it, and may let it go on."""
    COMPENSATING = "compensating", b"b"
    """It takes back what it did."""
    INCIDENT = "incident", b"i"
    """It cannot go on without a person."""
    COMPLETED = "completed", b"c", True
    FAULTED = "faulted", b"f", True
    CANCELLED = "cancelled", b"x", True


FINAL: Final = tuple(status for status in Status if status.final)
OPEN: Final = tuple(status for status in Status if not status.final)
