"""Durable state: markers, instances, timers and the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from orchestrator.ports.states import NOTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import datetime

    from orchestrator.core.decision import Instance
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports.commits import (
        Commit,
        CommitResult,
        KeptDefinition,
        OutboxEntry,
        Settlement,
    )
    from orchestrator.ports.states import InstanceKey, Timer


class Store(Protocol):
    """Durable state: markers, instances and the outbox."""

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        """Return instances in order, in one round trip; None for one that does not exist.

        An instance and its pieces are of one commit, whatever others write meanwhile.

        Args:
            instances: which; instances or kept messages, no pieces.
            pieces: which pieces of them to load too, by name; an empty list for all of one. Those
                that do not exist are left out of `Instance.parts`.
        """

    async def ended(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """Return instances that have ended as they were kept, all pieces loaded, in order.

        Where one key had several, the last of them; None where none was kept, or not any more.
        Their status is final.
        """

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        """Apply each commit atomically, in order, in one round trip; durable on return.

        Running the same commits again, whatever happened in between, is safe: those applied before
        answer ``Duplicate``. Markers are kept for at least the dedupe window, and what is known of
        finished instances for the time and up to the number that the store is set up with.

        Raises:
            Unavailable: some may have been applied; repeat all of them.
            Misconfigured: the store lost data it had (see ``verify``).
        """

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """Return those of `reactions`, each after its correlation key, that have a marker."""

    async def claim(self, name: str, content: bytes) -> bytes:
        """Return what `name` was claimed with first: `content`, unless somebody had claimed it.

        Kept for as long as a marker may be.

        Raises:
            Unavailable: it may have been claimed or not; repeat it.
        """

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """Return timers that are due by `now`, the earliest first, at most about `limit`."""

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Remove the outbox entries. Idempotent."""

    def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        """Yield entries that are still unsettled and older than `committed_before`, once each."""

    async def outbox_size(self) -> int:
        """Return how many reactions wait in the outbox."""

    async def open_revisions(self) -> Mapping[tuple[str, str], int]:
        """Return how many instances are open, by definition and revision: those with any."""

    async def put_definitions(self, texts: Mapping[str, str], now: datetime) -> None:
        """Keep the texts of definitions by their revisions, as of `now`."""

    async def definitions(self) -> Mapping[str, KeptDefinition]:
        """Return all texts of definitions that are kept, by their revisions."""

    async def drop_definitions(self, revisions: Collection[str]) -> None:
        """Keep the texts of these no longer."""

    async def verify(self) -> list[str]:
        """Check the server's settings and that it still has what was written.

        Returns:
            Weaknesses that were allowed on purpose, as sentences; empty when there are none.

        Raises:
            Misconfigured: the store would lose data, or did; the text says what to do.
            Unavailable: it cannot be reached.
        """
