"""The way of timers that are due: load, decide, note what waited in vain, commit. Sends nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.engine.batch import SLICE
from orchestrator.engine.firing import Round, asked_for, needed_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.archive import Archive
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.firing import Firing
    from orchestrator.engine.notes import Notes
    from orchestrator.engine.patience import Patience
    from orchestrator.ports import Clock, CommitResult, InstanceKey, Store, Timer


class Elapser:
    """Decides what follows from timers that are due, and commits it.

    Args:
        store: where instances are loaded from and reactions committed.
        archive: has the wordings that instances began under.
        clock: the time of commits, which may be long after that of the decisions.
        notes: of what waited in vain.
        patience: how to wait for the store.
        source: the name messages are sent under.
    """

    def __init__(  # noqa: PLR0913 - the spine passes its own collaborators on
        self,
        store: Store,
        archive: Archive,
        clock: Clock,
        *,
        notes: Notes,
        patience: Patience,
        source: str,
    ) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock
        self._notes = notes
        self._patience = patience
        self._source = source

    async def elapse(self, batch: Batch, timers: Sequence[Timer], rulebook: Rulebook) -> None:
        """Decide what follows from timers in order, and commit it.

        What waited in vain is noted first: no timer comes again to remind of a note that was lost.

        A timer that is no longer set for its time was fired, moved or cancelled by somebody else:
        it commits nothing, and the next look at what is due tells how things stand.
        """
        wanted: Mapping[InstanceKey, Sequence[str]] = {}
        while timers:
            this = await self._decide(batch, timers, wanted, rulebook)
            noted = await self._notes.write([each.lapsed for each in this.firings if each.lapsed])
            ours = await self._commit(batch, this.firings)
            await self._take_back(noted, this.firings, ours)
            timers, wanted = this.left, this.wanted

    async def _decide(
        self,
        batch: Batch,
        timers: Sequence[Timer],
        wanted: Mapping[InstanceKey, Sequence[str]],
        rulebook: Rulebook,
    ) -> Round:
        """Load what is asked about timers, and decide them, a few at a time."""
        ats, pieces = list(dict.fromkeys(map(asked_for, timers))), needed_pieces(timers, wanted)
        found = await self._patience.until_done("store", lambda: self._store.load(ats, pieces))
        batch.lap("load")
        instances = dict(zip(ats, found, strict=True))
        await self._archive.learn_of(instances, rulebook)
        this = Round(batch, rulebook, self._source, instances, wanted)
        this.fire(timers[:SLICE])
        for begin in range(SLICE, len(timers), SLICE):
            await asyncio.sleep(0)
            this.fire(timers[begin : begin + SLICE])
        return this

    async def _commit(self, batch: Batch, firings: Sequence[Firing]) -> list[bool]:
        """Commit, take over what was written, and tell of each firing whether it is ours."""
        commits = [firing.commit for firing in firings]
        tries = 0

        async def commit() -> list[CommitResult]:
            nonlocal tries
            tries += 1
            return await self._store.commit(commits, self._clock.now())

        results = await self._patience.until_done("store", commit)
        batch.lap("commit")
        return [
            batch.fired(firing, result, repeated=tries > 1)
            for firing, result in zip(firings, results, strict=True)
        ]

    async def _take_back(
        self, noted: Sequence[str], firings: Sequence[Firing], ours: Sequence[bool]
    ) -> None:
        """Remove the notes of timers that an event or another replica overtook."""
        pairs = zip(firings, ours, strict=True)
        lapses = [is_ours for firing, is_ours in pairs if firing.lapsed]
        # Nobody may keep notes, so that there are none.
        gone = [name for name, is_ours in zip(noted, lapses, strict=False) if not is_ours]
        await self._notes.remove(gone)
