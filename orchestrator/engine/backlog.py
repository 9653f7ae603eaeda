"""How far the input queue has been worked off. Knows no broker and no clock."""

from __future__ import annotations

from datetime import UTC, datetime


class Backlog:
    """Lets no timer overtake events that arrived before it was due.

    After downtime the answers lie in the queue: a timer that fires first would turn them into
    "nobody answered".

    Attributes:
        decided_until: events that arrived before it are decided, whoever took them.
    """

    def __init__(self) -> None:
        self.decided_until = datetime.min.replace(tzinfo=UTC)

    def proven(self, moment: datetime) -> None:
        """Note that everything which arrived before `moment` is decided."""
        self.decided_until = max(self.decided_until, moment)
