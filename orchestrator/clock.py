"""The time, as the machine tells it. The one place that asks."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """``ports.Clock`` on the machine's clock."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(UTC)
