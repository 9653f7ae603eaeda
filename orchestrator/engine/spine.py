"""The way of a batch: decode, match, load, decide, commit; then publish, settle, ack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decision import Instance, Signal
from orchestrator.core.envelope import decode, encode
from orchestrator.core.headers import REDRIVE_RULE
from orchestrator.core.ids import reaction_id
from orchestrator.core.scope import Scope
from orchestrator.engine.batch import Batch, Case, Intake, Trigger
from orchestrator.errors import Refused, Unavailable
from orchestrator.ports import Commit, Committed, Conflict, Duplicate, InstanceWrite, Reaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Delivery
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import Broker, Clock, CommitResult, Store, Subscription

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
    ) -> None:
        self._broker = broker
        self._store = store
        self._clock = clock
        self._patience = patience
        self._queue = queue
        self._source = source
        self._max_body_bytes = max_body_bytes

    async def react(self, deliveries: Sequence[Delivery], rulebook: Rulebook) -> Batch:
        """Decide everything in `deliveries` and commit it. Durable on return, not yet sent."""
        batch = Batch(deliveries, self._clock.now(), self._queue)
        self._decode(batch, rulebook)
        cases = self._match(batch, rulebook)
        for _ in range(MAX_CONFLICTS):
            if not cases:
                return batch
            instances = await self._load(batch, cases)
            proposals = self._decide(batch, cases, instances)
            cases = await self._commit(batch, proposals)
        # The cases stay uncommitted and their deliveries unacknowledged: they will come again.
        raise Unavailable(f"other replicas keep changing the same keys ({cases[0].key} and others)")

    def give_up(self, delivery: Delivery, error: Refused) -> Batch:
        """Return a batch that does nothing but dead-letter `delivery`."""
        batch = Batch([delivery], self._clock.now(), self._queue)
        batch.refuse(delivery, error)
        return batch

    async def finish(self, batch: Batch) -> BatchReport:
        """Publish what `batch` decided and settle it. Repeats both until they are confirmed."""
        messages, settlements = batch.messages, batch.settlements
        batch.start_lap()
        if messages:
            await self._patience.until_done("broker", lambda: self._broker.publish(messages))
        batch.lap("publish")
        if settlements:
            await self._patience.until_done("store", lambda: self._store.settle(settlements))
        batch.lap("settle")
        return batch.close()

    async def acknowledge(self, batch: Batch, subscription: Subscription) -> None:
        """Let the broker forget `batch` and everything before it: the last step, always."""
        await subscription.acknowledge(batch.deliveries[-1])

    def _decode(self, batch: Batch, rulebook: Rulebook) -> None:
        for delivery in batch.deliveries:
            event = None
            try:
                event = decode(delivery, batch.now, self._max_body_bytes)
                if event.type in rulebook.by_type:
                    rulebook.contracts[event.type].validate(event.data)
            except Refused as error:
                batch.refuse(delivery, error, event)
            else:
                batch.intakes.append(Intake(delivery, event))
        batch.lap("decode")

    def _match(self, batch: Batch, rulebook: Rulebook) -> list[Case]:
        """Return what is to be decided; a stateful definition's triggers for one key together."""
        cases: list[Case] = []
        stateful: dict[tuple[str, str], list[Trigger]] = {}
        for intake in batch.intakes:
            scope = Scope(intake.event, batch.now)
            for definition in _asked(intake, rulebook):
                try:
                    if not definition.wants(scope):
                        continue
                    key = definition.key(intake.event, scope)
                except Refused as error:
                    batch.fail(intake, definition.name, error)
                    continue
                trigger = Trigger(intake, self._signal(batch, intake, definition, scope))
                if not definition.stateful:
                    cases.append(Case(definition, key, (trigger,)))
                elif (definition.name, key) in stateful:
                    stateful[definition.name, key].append(trigger)
                else:
                    triggers = stateful[definition.name, key] = [trigger]
                    cases.append(Case(definition, key, triggers))
        return cases

    def _signal(self, batch: Batch, intake: Intake, definition: Definition, scope: Scope) -> Signal:
        event = intake.event
        return Signal(
            event=event,
            reaction=reaction_id(event.identity, definition.name),
            now=batch.now,
            source=self._source,
            scope=scope,
        )

    async def _load(self, batch: Batch, cases: Sequence[Case]) -> list[Instance | None]:
        """Return the instances of the stateful cases, None for all others, in order."""
        wanted = [case.at for case in cases if case.definition.stateful]
        if not wanted:
            return [None] * len(cases)
        found = iter(await self._patience.until_done("store", lambda: self._store.load(wanted)))
        batch.lap("load")
        return [next(found) if case.definition.stateful else None for case in cases]

    def _decide(
        self, batch: Batch, cases: Sequence[Case], instances: Sequence[Instance | None]
    ) -> list[tuple[Case, Commit]]:
        proposals = [
            proposal
            for case, instance in zip(cases, instances, strict=True)
            for proposal in _propose(batch, case, instance)
        ]
        batch.lap("decide")
        return proposals

    async def _commit(self, batch: Batch, proposals: Sequence[tuple[Case, Commit]]) -> list[Case]:
        """Commit, take over what was written, and return what must be decided again."""
        if not proposals:
            return []
        commits = [commit for _, commit in proposals]
        results = await self._patience.until_done(
            "store", lambda: self._store.commit(commits, batch.now)
        )
        batch.lap("commit")
        again = []
        for (case, commit), result in zip(proposals, results, strict=True):
            left = _take_over(batch, case, commit, result)
            if left is not None:
                again.append(left)
        return again


def _asked(intake: Intake, rulebook: Rulebook) -> Sequence[Definition]:
    """Return the definitions to ask: all of the type's, or the one a redrive is meant for."""
    definitions = rulebook.by_type.get(intake.event.type, ())
    only = intake.delivery.headers.get(REDRIVE_RULE)
    if only is None:
        return definitions
    # A rule that was renamed since then is gone: ask all, the markers keep the others silent.
    return [each for each in definitions if each.name == only] or definitions


def _propose(batch: Batch, case: Case, instance: Instance | None) -> Iterator[tuple[Case, Commit]]:
    """Decide a case's triggers one after another on the running state; yield what to commit.

    The case comes back without the triggers that failed, so that nothing fails twice.
    """
    definition = case.definition
    running, writes = instance, False
    decided, reactions = [], []
    for trigger in case.triggers:
        signal = trigger.signal
        try:
            decision = definition.decide(running, signal)
        except Refused as error:
            batch.fail(trigger.intake, definition.name, error)
            continue
        messages = tuple([encode(outgoing) for outgoing in decision.outgoing])
        decided.append(trigger)
        reactions.append(Reaction(signal.reaction, messages))
        if decision.writes:
            writes = True
            running = Instance(signal.reaction, decision.state) if decision.state else None
    if not reactions:
        return
    write = None
    if writes:
        expected = instance.version if instance else None
        write = InstanceWrite(case.at, expected, running.state if running else None)
    yield Case(definition, case.key, decided), Commit(case.key, tuple(reactions), write)


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
