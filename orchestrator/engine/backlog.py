"""How far the input queue has been worked off. Knows no broker and no clock."""

from __future__ import annotations

from datetime import UTC, datetime


class Backlog:
    """Lets no timer overtake events that arrived before it was due.

    After downtime the answers lie in the queue: a timer that fires first would turn them into
    "nobody answered".

    Attributes:
        decided_until: events that arrived before it are decided.
        idle: whether the engine waits for deliveries with none in hand.
    """

    def __init__(self) -> None:
        self.decided_until = datetime.min.replace(tzinfo=UTC)
        self.idle = False

    def decided(self, newest: datetime, now: datetime) -> None:
        """Note that events are decided, the newest of them stamped `newest`.

        A stamp from the future tells nothing about the present.
        """
        self.decided_until = max(self.decided_until, min(newest, now))

    def seen_empty(self, moment: datetime) -> None:
        """Note that the queue was empty at `moment`, with nothing in hand."""
        self.decided_until = max(self.decided_until, moment)
