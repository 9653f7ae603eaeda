"""What a decision of a workflow sends, in order. Knows neither steps nor state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestrator.core.event import Outgoing
from orchestrator.core.hops import trail_of
from orchestrator.core.ids import message_id
from orchestrator.core.workflow.state import milliseconds

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.decision import Elapsed, Later, Signal
    from orchestrator.core.directory import Directory
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.workflow.definition import Plan
    from orchestrator.core.workflow.state import Origin

_LAST_INDEX: Final = 2**32 - 1
"""Messages that have no id of their own count down from here."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent, before anybody knows from whom.

    Attributes:
        type: of the message.
        channel: the routing key.
        data: the payload.
        key: the correlation key.
        id: None for one that derives from the reaction.
        causation_id: None for the id of the event that led to it.
        origin: what it is one reaction away from; None for what started the instance.
    """

    type: str
    channel: str
    data: object
    key: str
    id: str | None = None
    causation_id: str | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class Dispatch:
    """The occasion of a decision, and what it sends.

    Attributes:
        plan: whose decision it is.
        moment: the decision's time; `now` is the same in milliseconds.
        reaction: what ids without a purpose of their own derive from.
        source: the name this orchestrator sends under.
        directory: who lives, and what was sent to them so far; None for nobody.
        cause: the id of the event that led to it; None for a timer.
        traceparent: the trace it came with.
        origin: what started the instance; None while there is none. Whatever an instance sends
            is one reaction away from that, so that long workflows are not taken for loops.
        outgoing: sent at once.
        later: sent when their time has come.
    """

    plan: Plan
    moment: datetime
    reaction: ReactionId
    source: str
    directory: Directory | None
    cause: str | None
    traceparent: str | None
    now: int = field(init=False)
    origin: Origin | None = None
    outgoing: list[Outgoing] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    _unnamed: int = 0

    def __post_init__(self) -> None:
        """Count the time as states do."""
        self.now = milliseconds(self.moment)

    @classmethod
    def on(cls, plan: Plan, signal: Signal | Elapsed) -> Dispatch:
        """Return an empty one for a signal."""
        event = getattr(signal, "event", None)
        return cls(
            plan,
            signal.now,
            signal.reaction,
            signal.source,
            signal.directory,
            event.id if event else None,
            event.traceparent if event else None,
        )

    def send(self, letter: Letter) -> None:
        """Add a message."""
        origin = letter.origin or self.origin
        self.outgoing.append(
            Outgoing(
                id=letter.id or self._next_id(),
                type=letter.type,
                channel=letter.channel,
                source=self.source,
                time=self.moment,
                data=letter.data,
                correlation_id=letter.key,
                subject=letter.key,
                causation_id=letter.causation_id or self.cause or (origin.id if origin else None),
                traceparent=self.traceparent or (origin.traceparent if origin else None),
                rule=self.plan.name,
                revision=self.plan.revision,
                hops=origin.hops + 1 if origin else 1,
                trail=trail_of(origin, self.plan.name, letter.type) if origin else "",
            )
        )

    def _next_id(self) -> str:
        self._unnamed += 1
        return message_id(self.reaction, _LAST_INDEX - self._unnamed)
