"""What is known about one batch while it goes through the spine. Calls nobody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from orchestrator.core.deadletter import dead_letter
from orchestrator.core.unmatched import ignored
from orchestrator.engine.report import BatchReport, DeadLetter
from orchestrator.errors import Defect
from orchestrator.ports import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    InstanceKey,
    Settlement,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.core.decision import Definition, Instance, Signal
    from orchestrator.core.event import Delivery, Event, Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.unmatched import Unmatched
    from orchestrator.engine.doubts import Doubt
    from orchestrator.engine.firing import Failure, Firing
    from orchestrator.engine.report import EventOutcome, Stage
    from orchestrator.engine.roster import Whereabouts
    from orchestrator.errors import Refused
    from orchestrator.ports import CommitResult


@dataclass(slots=True)
class Intake:
    """One delivery that could be read, and what became of it so far.

    Attributes:
        delivery: the message.
        event: what it says.
        outcome: what became of it so far.
        asked: whether rules want events of its type, and each of them was asked.
    """

    delivery: Delivery
    event: Event
    outcome: EventOutcome = "ignored"
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event that a definition wants, ready to be decided."""

    intake: Intake
    signal: Signal


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided and committed together: a definition, a key, and the triggers for them.

    A stateless definition has one trigger per case. The triggers of a stateful one are decided one
    after another on the running state.

    Attributes:
        wanted: the pieces that were found to be needed; None for no more than the events tell.
        retired: whether the definition is an old wording, which begins nothing.
        stray: whether it has to be found out first which wording decides.
    """

    definition: Definition
    key: str
    triggers: Sequence[Trigger]
    wanted: tuple[str, ...] | None = None
    retired: bool = False
    stray: bool = False

    @property
    def at(self) -> InstanceKey:
        """Where its instance is kept."""
        return InstanceKey(self.definition.name, self.key)

    def with_triggers(self, some: Sequence[Trigger]) -> Case:
        """Return the case with these of its triggers; itself where they are all."""
        return self if len(some) == len(self.triggers) else replace(self, triggers=some)

    def without(self, done: Sequence[ReactionId]) -> Case | None:
        """Return the case less the reactions that are `done`; None when nothing is left."""
        left = [trigger for trigger in self.triggers if trigger.signal.reaction not in done]
        return replace(self, triggers=left) if left else None

    def is_for(self, instance: Instance | None) -> bool:
        """Tell whether its definition is the one to decide on `instance`."""
        if instance is None:
            return not self.retired
        return instance.revision in {self.definition.revision, ""}

    @property
    def recalls(self) -> bool:
        """Whether what is decided first may be about an instance that has ended."""
        definition = self.definition
        return definition.stateful and definition.recalls(self.triggers[0].signal.event.type)

    def must_look_again(self, instance: Instance | None, trigger: Trigger) -> bool:
        """Tell whether more has to be known of the case than before, after `instance` was left."""
        if instance is not None and not instance.status.final:
            return False
        recalls = self.definition.recalls(trigger.signal.event.type)
        return recalls if instance is None else not recalls

    @property
    def pieces(self) -> list[str] | None:
        """The names of the pieces to load; an empty list for all, None for none."""
        if self.wanted == ():
            return []
        told = [
            name
            for trigger in self.triggers
            for name in self.definition.pieces(trigger.signal.event)
        ]
        return [*told, *(self.wanted or ())] or None


def to_load(name: str, wanted: tuple[str, ...], loaded: Sequence[str] | None) -> tuple[str, ...]:
    """Return the pieces to load for a definition: those it wants now, and those it wanted before.

    Args:
        name: of the definition.
        wanted: what it wants; empty for all.
        loaded: what was loaded because it wanted it before, likewise; None for nothing.

    Raises:
        RuntimeError: it has that already, and would want it for ever.
    """
    if loaded is None:
        return wanted
    if not loaded or (wanted and set(wanted) <= set(loaded)):
        raise RuntimeError(f"{name} wants pieces again that it has")
    return tuple(sorted({*loaded, *wanted})) if wanted else ()


@dataclass(slots=True)
class Batch:
    """Deliveries on their way through the spine.

    Attributes:
        deliveries: in the queue's order; at least one.
        now: the time of every decision in the batch.
        queue: where they came from.
        roster: knows which instances of services live; None for nobody.
        intakes: those that could be read.
        doubts: refusals of events that may have come before.
        messages: what rules send.
        dead_letters: copies of what was given up, to be published too.
        defects: what in our own code made timers fail, beside their dead letters.
        settlements: what is to be settled once `messages` are confirmed.
        letters_kept: the same for `dead_letters`.
        report: what happened, for metrics and logs.
    """

    deliveries: Sequence[Delivery]
    now: datetime
    queue: str
    roster: Whereabouts | None = None
    intakes: list[Intake] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    dead_letters: list[Message] = field(default_factory=list)
    defects: list[tuple[Exception, Delivery]] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    letters_kept: list[Settlement] = field(default_factory=list)
    report: BatchReport = field(init=False)
    _lap_started: float = field(init=False)

    def __post_init__(self) -> None:
        self.report = BatchReport(size=len(self.deliveries))
        self.start_lap()

    def start_lap(self) -> None:
        """Begin to measure the next stage now: what passed since the last one was waiting."""
        self._lap_started = perf_counter()

    def lap(self, stage: Stage) -> None:
        """Note that `stage` took the time since the last call."""
        moment = perf_counter()
        seconds = self.report.seconds
        seconds[stage] = seconds.get(stage, 0.0) + moment - self._lap_started
        self._lap_started = moment

    def refuse(self, delivery: Delivery, error: Refused, event: Event | None = None) -> None:
        """Dead-letter a message that no rule can be asked about."""
        event_type = event.type if event else delivery.type or "unreadable"
        key = event.correlation_id if event else delivery.correlation_id or ""
        self.report.count_event(event_type, "refused")
        self._give_up(delivery, DeadLetter(event_type, key, None, error))

    def fail(self, intake: Intake, rule: str, error: Refused) -> None:
        """Dead-letter a copy for one rule that failed; the other rules' reactions go on."""
        intake.outcome = "failed"
        event = intake.event
        self._give_up(intake.delivery, DeadLetter(event.type, event.correlation_id, rule, error))

    def _give_up(self, delivery: Delivery, given_up: DeadLetter) -> None:
        self.report.dead_letters.append(given_up)
        error = given_up.error
        self.dead_letters.append(
            dead_letter(
                delivery, self.queue, error.reason, str(error), self.now, rule=given_up.rule
            )
        )

    @property
    def unmatched(self) -> list[Unmatched]:
        """The events that rules were asked about, and of which no guard held."""
        return [
            ignored(intake.event)
            for intake in self.intakes
            if intake.asked and intake.outcome == "ignored"
        ]

    def committed(self, case: Case, commit: Commit) -> None:
        """Take over what a commit wrote: its messages are to be published, then settled."""
        written = {reaction.id for reaction in commit.reactions}
        for trigger in case.triggers:
            if trigger.signal.reaction in written and trigger.intake.outcome != "failed":
                trigger.intake.outcome = "reacted"
        reactions = self.report.reactions
        name = case.definition.name
        reactions[name] = reactions.get(name, 0) + len(commit.reactions)
        for reaction in commit.reactions:
            self._send(commit.key, reaction.id, reaction.messages)

    def duplicated(self, case: Case, done: dict[ReactionId, tuple[Message, ...]]) -> None:
        """Take over what an earlier attempt left in the outbox of reactions that are `done`."""
        for trigger in case.triggers:
            reaction = trigger.signal.reaction
            if reaction in done:
                self.repeated(trigger.intake)
                self._send(case.key, reaction, done[reaction])

    def fired(self, firing: Firing, result: CommitResult, *, repeated: bool) -> bool:
        """Take over what a timer's commit did; nothing if somebody else was faster.

        Where the commit was `repeated`, because it is not known what came of it the first time,
        what was done then is ours to send. What another did it sends itself, or the sweeper.

        Returns:
            Whether it is taken for ours.
        """
        commit, name, failure = firing.commit, firing.timer.at.definition, firing.failure
        match result:
            case Committed():
                self.report.reactions[name] = self.report.reactions.get(name, 0) + 1
                to_send = {reaction.id: reaction.messages for reaction in commit.reactions}
            case Duplicate(done=done) if repeated:
                to_send = done
            case Duplicate() | Conflict():
                self.report.conflicts += 1
                return False
        if failure is not None:
            self._stuck(failure, name, commit.key, to_send)
            return True
        for reaction, messages in to_send.items():
            self._send(commit.key, reaction, messages)
        return True

    def _stuck(
        self, failure: Failure, name: str, key: str, letters: dict[ReactionId, tuple[Message, ...]]
    ) -> None:
        tried, error = failure.tried, failure.error
        given_up = DeadLetter(tried.type or "", tried.correlation_id or "", name, error)
        self.report.dead_letters.append(given_up)
        for reaction, messages in letters.items():
            self.dead_letters += messages
            self.letters_kept.append(Settlement(key, reaction))
        if isinstance(error, Defect):
            self.defects.append((error.cause, tried))

    def repeated(self, intake: Intake) -> None:
        """Note that a definition has reacted to the event before."""
        if intake.outcome == "ignored":
            intake.outcome = "duplicate"

    def _send(self, key: str, reaction: ReactionId, messages: tuple[Message, ...]) -> None:
        if messages:
            self.messages += messages
            self.settlements.append(Settlement(key, reaction))

    def close(self) -> BatchReport:
        """Return the report, complete."""
        report = self.report
        for intake in self.intakes:
            report.count_event(intake.event.type, intake.outcome)
        for message in self.messages:
            if message.type is not None:
                report.sent[message.type] = report.sent.get(message.type, 0) + 1
        return report
