"""The way of a batch: read, match, load, decide, commit; then publish, settle, acknowledge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core.hops import MAX_HOPS
from orchestrator.engine.archive import Archive
from orchestrator.engine.batch import SLICE, Batch
from orchestrator.engine.deciding import decide, match, read
from orchestrator.engine.doubts import settle_doubts
from orchestrator.engine.elapsing import Elapser
from orchestrator.engine.notes import Notes
from orchestrator.engine.recalling import Recaller
from orchestrator.engine.routing import Router
from orchestrator.errors import Unavailable
from orchestrator.ports import Committed, Conflict, Duplicate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.decision import Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery, Message
    from orchestrator.engine.case import Case
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import BatchReport
    from orchestrator.engine.roster import Whereabouts
    from orchestrator.errors import Refused
    from orchestrator.ports import (
        Broker,
        Clock,
        Commit,
        CommitResult,
        Ledger,
        Settlement,
        Store,
        Subscription,
        Timer,
    )

MAX_CONFLICTS = 20


class Spine:
    """Takes batches of deliveries from the queue to confirmed commands.

    Args:
        broker: where messages go.
        store: where reactions are committed.
        clock: the time of decisions.
        patience: how to wait for the two while they are away.
        queue: the input queue; dead letters go to ``<queue>.dlq``.
        source: the name messages are sent under.
        max_body_bytes: larger messages are refused.
        max_hops: rules do not react to an event that so many reactions led to.
        ledger: keeps what leads to nothing; None for nobody.
        roster: knows which instances of services live; None for nobody.
    """

    def __init__(  # noqa: PLR0913 - the collaborators of the engine's one centre
        self,
        broker: Broker,
        store: Store,
        clock: Clock,
        patience: Patience,
        *,
        queue: str,
        source: str,
        max_body_bytes: int,
        max_hops: int = MAX_HOPS,
        ledger: Ledger | None = None,
        roster: Whereabouts | None = None,
    ) -> None:
        self._broker = broker
        self._store = store
        self._clock = clock
        self._patience = patience
        self._queue = queue
        self._source = source
        self._max_body_bytes = max_body_bytes
        self._max_hops = max_hops
        self._roster = roster
        archive, self._notes = Archive(store, clock, patience), Notes(ledger, patience)
        self._router = Router(store, archive, patience)
        self._recaller = Recaller(store, archive, patience)
        self._elapser = Elapser(
            store, archive, clock, notes=self._notes, patience=patience, source=source
        )

    async def react(self, deliveries: Sequence[Delivery], rulebook: Rulebook) -> Batch:
        """Decide everything in `deliveries` and commit it. Durable on return, not yet sent."""
        batch = Batch(deliveries, self._clock.now(), self._queue, self._roster)
        read(batch, rulebook, self._max_body_bytes)
        cases: Sequence[Case] = match(batch, rulebook, self._source, self._max_hops)
        for _ in range(MAX_CONFLICTS):
            if not cases:
                return batch
            cases = await self._router.route(batch, cases, rulebook)
            loaded = await self._load(batch, cases)
            cases, instances = await self._recaller.complete(cases, loaded, rulebook)
            proposals = await self._decide(batch, cases, instances)
            cases = await self._commit(batch, proposals)
            await settle_doubts(batch, cases, self._store, self._patience, batch.now)
        # The cases stay uncommitted and their deliveries unacknowledged: they will come again.
        raise Unavailable(f"other replicas keep changing the same keys ({cases[0].key} and others)")

    async def finish(self, batch: Batch) -> BatchReport:
        """Publish what `batch` decided and settle it, then its dead letters; each until confirmed.

        Dead letters go apart: while their queue is full and refuses them, what rules sent must not
        be sent again with every try.
        """
        batch.start_lap()
        await self._publish(batch, batch.messages)
        await self._settle(batch, batch.settlements)
        await self._publish(batch, batch.dead_letters)
        await self._settle(batch, batch.letters_kept)
        await self._notes.write(batch.unmatched)
        return batch.close()

    async def acknowledge(self, batch: Batch, subscription: Subscription) -> None:
        """Let the broker forget `batch` and everything before it: the last step, always."""
        await subscription.acknowledge(batch.deliveries[-1])

    async def elapse(self, timers: Sequence[Timer], rulebook: Rulebook) -> Batch:
        """Decide what follows from timers that are due and commit it: see `Elapser.elapse`."""
        batch = Batch((), self._clock.now(), self._queue, self._roster)
        await self._elapser.elapse(batch, timers, rulebook)
        return batch

    def give_up(self, delivery: Delivery, error: Refused) -> Batch:
        """Return a batch that does nothing but dead-letter `delivery`."""
        batch = Batch([delivery], self._clock.now(), self._queue)
        batch.refuse(delivery, error)
        return batch

    async def _load(self, batch: Batch, cases: Sequence[Case]) -> list[Instance | None]:
        """Return the instances of the stateful cases, None for all others, in order."""
        stateful = [case for case in cases if case.definition.stateful]
        if not stateful:
            return [None] * len(cases)
        wanted = [case.at for case in stateful]
        pieces = {case.at: names for case in stateful if (names := case.pieces) is not None}
        loaded = await self._patience.until_done("store", lambda: self._store.load(wanted, pieces))
        found = iter(loaded)
        batch.lap("load")
        return [next(found) if case.definition.stateful else None for case in cases]

    async def _decide(
        self, batch: Batch, cases: Sequence[Case], instances: Sequence[Instance | None]
    ) -> list[tuple[Case, Commit | None]]:
        """Decide a few at a time: heartbeats must not wait for a whole batch of slow decisions."""
        proposals = decide(batch, cases[:SLICE], instances[:SLICE])
        for begin in range(SLICE, len(cases), SLICE):
            await asyncio.sleep(0)
            end = begin + SLICE
            proposals += decide(batch, cases[begin:end], instances[begin:end])
        return proposals

    async def _commit(
        self, batch: Batch, proposals: Sequence[tuple[Case, Commit | None]]
    ) -> list[Case]:
        """Commit, take over what was written, and return what must be decided again."""
        decided = [(case, commit) for case, commit in proposals if commit is not None]
        again = [case for case, commit in proposals if commit is None]
        if not decided:
            return again
        commits = [commit for _, commit in decided]
        # The time of the commit, not of the decision: an outage may lie between them, and what is
        # only now in the outbox must not look overdue.
        results = await self._patience.until_done(
            "store", lambda: self._store.commit(commits, self._clock.now())
        )
        batch.lap("commit")
        for (case, commit), result in zip(decided, results, strict=True):
            left = _take_over(batch, case, commit, result)
            if left is not None:
                again.append(left)
        return again

    async def _publish(self, batch: Batch, messages: Sequence[Message]) -> None:
        if messages:
            await self._patience.until_done("broker", lambda: self._broker.publish(messages))
            batch.lap("publish")

    async def _settle(self, batch: Batch, settlements: Sequence[Settlement]) -> None:
        if settlements:
            await self._patience.until_done("store", lambda: self._store.settle(settlements))
            batch.lap("settle")


def _take_over(batch: Batch, case: Case, commit: Commit, result: CommitResult) -> Case | None:
    """Note what a commit did; return what is left of the case to decide again."""
    match result:
        case Committed():
            batch.committed(case, commit)
            return None
        case Duplicate(done=done):
            batch.duplicated(case, done)
            return case.without(tuple(done))
        case Conflict():
            batch.report.conflicts += 1
            return case
