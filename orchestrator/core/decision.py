"""What a definition decides on a signal: values, made only through named constructors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from orchestrator.core.event import Event, Outgoing
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.scope import Scope

Condition: TypeAlias = "Callable[[Scope], bool]"
"""Whether a definition wants an event. Raises ``ExpressionError`` when that cannot be told."""


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
    """What follows from one signal. Made by `emit`, `remember` or `forget`.

    Attributes:
        outgoing: messages to send, in order.
        later: messages to send when their time has come, in order.
        state: the instance's next state; None when the instance ends, or never was.
        due: when the instance wants to be asked again if nothing happens; None for never.
        writes: whether the instance changes at all.
    """

    outgoing: tuple[Outgoing, ...]
    later: tuple[Later, ...]
    state: bytes | None
    due: datetime | None
    writes: bool


@dataclass(frozen=True, slots=True)
class Later:
    """A message decided now and sent later, by a durable timer.

    Attributes:
        due: when, aware.
        outgoing: the message, with the id it will be sent under.
    """

    due: datetime
    outgoing: Outgoing


def emit(outgoing: tuple[Outgoing, ...], later: tuple[Later, ...] = ()) -> Decision:
    """Send messages, and leave the instance as it is."""
    return Decision(outgoing=outgoing, later=later, state=None, due=None, writes=False)


def remember(
    state: bytes,
    due: datetime | None = None,
    outgoing: tuple[Outgoing, ...] = (),
    later: tuple[Later, ...] = (),
) -> Decision:
    """Keep `state` for the key, be asked again at `due`, and send messages."""
    return Decision(outgoing=outgoing, later=later, state=state, due=due, writes=True)


def forget(outgoing: tuple[Outgoing, ...] = (), later: tuple[Later, ...] = ()) -> Decision:
    """End the instance and its timer, and send messages."""
    return Decision(outgoing=outgoing, later=later, state=None, due=None, writes=True)


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


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The other reason to decide: the instance's timer is due and was not overtaken by an event.

    Attributes:
        key: the correlation key of the instance.
        due: when the timer was set for; decisions go by this, not by when it was noticed.
        reaction: the id of the reaction to be decided.
        now: the decision's time, aware.
        source: the name this orchestrator sends under.
    """

    key: str
    due: datetime
    reaction: ReactionId
    now: datetime
    source: str


class Definition(Protocol):
    """Something that decides: a stateless rule, a join or window, and later workflows.

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

    def condition(self, event_type: str) -> Condition | None:
        """Return what must hold of an event of that type before it has a key; None for all."""

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key its state is kept under."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Return what follows. Raise a ``Refused`` error when it cannot be decided.

        Args:
            instance: what is remembered under the key; None for nothing. Never None on `Elapsed`.
            signal: an event that its condition let through, or the instance's timer.
        """
