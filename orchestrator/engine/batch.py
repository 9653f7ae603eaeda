"""What is known about one batch while it goes through the spine. Calls nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Final

from orchestrator.core.deadletter import dead_letter
from orchestrator.core.headers import REDRIVE_RULE
from orchestrator.core.unmatched import ignored
from orchestrator.engine.report import BatchReport, DeadLetter
from orchestrator.errors import Defect
from orchestrator.ports import Committed, Conflict, Duplicate, Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orchestrator.core.event import Delivery, Event, Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.unmatched import Unmatched
    from orchestrator.engine.case import Case, Intake
    from orchestrator.engine.doubts import Doubt
    from orchestrator.engine.firing import Failure, Firing
    from orchestrator.engine.report import Stage
    from orchestrator.engine.roster import Whereabouts
    from orchestrator.errors import Refused
    from orchestrator.ports import Commit, CommitResult

SLICE: Final = 8
"""How many cases, or timers, are decided between two turns of the loop. One may take a second."""


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
        """Dead-letter a message that no rule can be asked about; what is redriven keeps its one."""
        event_type = event.type if event else delivery.type or "unreadable"
        key = event.correlation_id if event else delivery.correlation_id or ""
        self.report.count_event(event_type, "refused")
        rule = delivery.headers.get(REDRIVE_RULE)
        given_up = DeadLetter(event_type, key, None, error)
        self._give_up(delivery, given_up, None if rule is None else str(rule))

    def fail(self, intake: Intake, rule: str, error: Refused) -> None:
        """Dead-letter a copy for one rule that failed; the other rules' reactions go on."""
        intake.outcome = "failed"
        event = intake.event
        given_up = DeadLetter(event.type, event.correlation_id, rule, error)
        self._give_up(intake.delivery, given_up, rule)

    def miss(self, intake: Intake, name: str, error: Refused) -> None:
        """Do the same for a rule that is not there: only the copy names it.

        Whoever publishes chooses such a name, and would fill the metrics with new ones.
        """
        intake.outcome = "failed"
        event = intake.event
        given_up = DeadLetter(event.type, event.correlation_id, None, error)
        self._give_up(intake.delivery, given_up, name)

    def _give_up(self, delivery: Delivery, given_up: DeadLetter, rule: str | None = None) -> None:
        self.report.dead_letters.append(given_up)
        error = given_up.error
        self.dead_letters.append(
            dead_letter(delivery, self.queue, error.reason, str(error), self.now, rule=rule)
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
