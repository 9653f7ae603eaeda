"""What led to nothing, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from orchestrator.core.unmatched import Unmatched


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the ledger.

    Attributes:
        id: its name; ids of the same ledger are ordered as they were noted.
        at: when it was noted, aware, to the millisecond.
        entry: what led to nothing.
    """

    id: str
    at: datetime
    entry: Unmatched


class Ledger(Protocol):
    """What led to nothing, for people to look at: bounded, the oldest entries go."""

    async def note(self, entries: Sequence[Unmatched]) -> list[str]:
        """Add entries in one round trip and return their ids; none where none are kept.

        Whoever notes something twice finds it twice.
        """

    def entries(
        self, *, after: str | None = None, since: datetime | None = None
    ) -> AsyncIterator[Noted]:
        """Yield entries, the newest first.

        Args:
            after: only those noted before the one with this id, which need not be there any more.
            since: only those not noted before; None for all.
        """

    async def find(self, entry_id: str) -> Noted | None:
        """Return the entry with that id; None if it is not there, or not there any more."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Remove entries. Idempotent."""
