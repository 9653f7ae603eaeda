"""What a definition decides on a signal: values, made only through named constructors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Event, Outgoing
    from orchestrator.core.expression import Expression
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.scope import Scope


@dataclass(frozen=True, slots=True)
class Instance:
    """What a stateful definition remembers about one key.

    Attributes:
        version: the reaction that wrote it last. The store refuses a write that was decided on
            another version; a counter would start anew when an instance ends and comes back.
        state: what the definition packed, opaque to everybody else.
    """

    version: ReactionId
    state: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one signal. Made by `emit`, `remember`, `forget` or `nothing`.

    Attributes:
        outgoing: messages to send, in order.
        state: the instance's next state; None when the instance ends, or never was.
        writes: whether the instance changes at all.
    """

    outgoing: tuple[Outgoing, ...]
    state: bytes | None
    writes: bool


def emit(outgoing: tuple[Outgoing, ...]) -> Decision:
    """Send `outgoing`, and remember nothing."""
    return Decision(outgoing=outgoing, state=None, writes=False)


def remember(state: bytes, outgoing: tuple[Outgoing, ...] = ()) -> Decision:
    """Keep `state` for the key, and send `outgoing`."""
    return Decision(outgoing=outgoing, state=state, writes=True)


def forget(outgoing: tuple[Outgoing, ...] = ()) -> Decision:
    """End the instance, and send `outgoing`."""
    return Decision(outgoing=outgoing, state=None, writes=True)


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a definition is asked to decide.

    Attributes:
        event: what happened.
        reaction: the id of the reaction to be decided; ids of what it sends derive from it.
        now: the decision's time, aware: the only clock a decision may look at.
        source: the name this orchestrator sends under.
        scope: what expressions may read about the event.
    """

    event: Event
    reaction: ReactionId
    now: datetime
    source: str
    scope: Scope


class Definition(Protocol):
    """Something that decides: a stateless rule, and later joins, windows and workflows.

    Implementations are pure and frozen: no clock, no I/O, no randomness, no logging.
    """

    @property
    def name(self) -> str:
        """Unique in its rulebook."""

    @property
    def triggers(self) -> tuple[str, ...]:
        """The event types it wants, without repetition."""

    @property
    def stateful(self) -> bool:
        """Whether `decide` needs the instance of its key."""

    @property
    def guard(self) -> Expression | None:
        """What must hold of an event before anything is decided; None for every event."""

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key its state is kept under."""

    def decide(self, instance: Instance | None, signal: Signal) -> Decision:
        """Return what follows. Raise a ``Refused`` error when it cannot be decided."""
