"""How far the input queue has been worked off. Knows no broker and no clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Backlog:
    """Lets no timer overtake events that arrived before it was due.

    After downtime the answers lie in the queue: a timer that fires first would turn them into
    "nobody answered".

    Attributes:
        decided_until: events that arrived before it are decided, whoever took them.
    """

    def __init__(self) -> None:
        self.decided_until = _NEVER

    def proven(self, moment: datetime) -> None:
        """Note that everything which arrived before `moment` is decided."""
        self.decided_until = max(self.decided_until, moment)

    def believe(self, now: datetime) -> None:
        """Forget what was proven for a time after `now`: the clock was ahead, and is set back.

        Events that arrive until it is there again were not in the queue then.
        """
        if self.decided_until > now:
            self.decided_until = _NEVER
