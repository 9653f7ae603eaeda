"""Keeps what led to nothing in the ledger, as long as the store takes. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.unmatched import Unmatched
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Ledger


class Notes:
    """What led to nothing, noted.

    Args:
        ledger: keeps it; None for nobody.
        patience: how to wait for the ledger's store.
    """

    def __init__(self, ledger: Ledger | None, patience: Patience) -> None:
        self._ledger = ledger
        self._patience = patience

    async def write(self, entries: Sequence[Unmatched]) -> list[str]:
        """Note what led to nothing, and return the names of the notes; none if nobody keeps any."""
        ledger = self._ledger
        if ledger is None or not entries:
            return []
        return await self._patience.until_done("store", lambda: ledger.note(entries))

    async def remove(self, names: Sequence[str]) -> None:
        """Take notes back."""
        ledger = self._ledger
        if ledger is not None and names:
            await self._patience.until_done("store", lambda: ledger.remove(names))
