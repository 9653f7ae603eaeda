"""What one batch did, as a value for metrics and logs. Knows neither Prometheus nor structlog."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.event import Delivery
    from orchestrator.core.retired import Revision
    from orchestrator.errors import Refused

EventOutcome = Literal["reacted", "ignored", "duplicate", "failed", "refused"]
"""Of one delivery: a rule reacted; no rule wanted it; all reactions were committed before; a rule
failed on it, and that rule's copy is a dead letter; or the message itself is a dead letter."""

Stage = Literal["decode", "load", "decide", "commit", "publish", "settle"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery, or one rule's part of it, that was given up.

    Attributes:
        event_type: as far as it could be read.
        correlation_id: as far as it could be read.
        rule: the rule that failed; None when the message itself was refused.
        error: why.
    """

    event_type: str
    correlation_id: str
    rule: str | None
    error: Refused


@dataclass(slots=True)
class BatchReport:
    """What one batch did. Filled while the batch runs, handed to the observer when it is durable.

    Attributes:
        size: deliveries.
        events: (event type, outcome) -> how many.
        reactions: rule -> how many reactions it committed.
        sent: message type -> how many were published.
        dead_letters: what was given up.
        conflicts: commits decided again because another replica was faster.
        seconds: stage -> how long it took.
    """

    size: int
    events: dict[tuple[str, EventOutcome], int] = field(default_factory=dict)
    reactions: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    conflicts: int = 0
    seconds: dict[Stage, float] = field(default_factory=dict)

    def count_event(self, event_type: str, outcome: EventOutcome) -> None:
        """Count one delivery."""
        self.events[event_type, outcome] = self.events.get((event_type, outcome), 0) + 1


class Observer(Protocol):
    """Hears what the engine did, after it is durable. Must not raise and must not block."""

    def batch_done(self, report: BatchReport) -> None:
        """A batch is published and acknowledged."""

    def defect(self, error: Exception, delivery: Delivery | None = None) -> None:
        """A defect of ours stopped `delivery`, a dead letter now. Never log its data.

        None where it met no message, but the files of a new rulebook.
        """

    def reloaded(self, revision: str, rules: int) -> None:
        """A new rulebook runs."""

    def old_revisions(self, opened: Mapping[Revision, int], lost: Mapping[Revision, str]) -> None:
        """So many instances are open under wordings that are in no file any more.

        Args:
            opened: how many, by wording.
            lost: the wordings that nobody can ask any more, and why.
        """

    def reload_refused(self, problems: tuple[str, ...]) -> None:
        """A rulebook with errors was refused; the one before goes on."""

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        """`service` is away; the next try is in `seconds`."""

    def recovered(self, service: str) -> None:
        """`service` is back."""

    def given_up(self, service: str) -> None:
        """Who waited for `service` was stopped: nobody knows whether it is back."""

    def swept(self, republished: int, depth: int, oldest_seconds: float) -> None:
        """The outbox was swept: `republished` reactions were sent again, `depth` still wait."""
