"""What a definition decides on a signal: values, made only through named constructors."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from orchestrator.core.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from orchestrator.core.directory import Directory
    from orchestrator.core.event import Event, Outgoing
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.scope import Scope

Condition: TypeAlias = "Callable[[Scope], bool]"
"""Whether a definition wants an event. Raises ``ExpressionError`` when that cannot be told."""


NO_PARTS: Final[Mapping[str, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Instance:
    """What a stateful definition remembers about one key.

    Attributes:
        version: the reaction that wrote it last. The store refuses a write that was decided on
            another version; a counter would start anew when an instance ends and comes back.
        state: what the definition packed, opaque to everybody else.
        status: what it is doing.
        revision: of the definition that began it, 12 hexadecimal digits; empty when nobody cares.
        parts: pieces of its state by name: those that were loaded, no others.
        parted: whether it ever had pieces, loaded or not.
    """

    version: ReactionId
    state: bytes
    status: Status = Status.WAITING
    revision: str = ""
    parts: Mapping[str, bytes] = field(default_factory=lambda: NO_PARTS)
    parted: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an instance's state that is written without the rest of it.

    Attributes:
        name: unique in its instance.
        state: its next state; None to remove it.
        due: when the instance wants to be asked about it if nothing happens; None for never.
    """

    name: str
    state: bytes | None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one signal. Made by the functions below, `emit` and those after it.

    Attributes:
        outgoing: messages to send, in order.
        later: messages to send when their time has come, in order.
        status: what the instance does from now on; a final one ends it. None leaves it as it is.
        state: the instance's next state; of one that ends, what is kept for a while, or None.
        due: when the instance wants to be asked again if nothing happens; None for never.
        parts: the pieces that change, each at most once.
        wanted: pieces that have to be loaded before anything can be decided; None for nothing,
            empty for all.
        ignored: whether the signal concerns nothing here: not even that it was seen is written.
    """

    outgoing: tuple[Outgoing, ...] = ()
    later: tuple[Later, ...] = ()
    status: Status | None = None
    state: bytes | None = None
    due: datetime | None = None
    parts: tuple[Part, ...] = ()
    wanted: tuple[str, ...] | None = None
    ignored: bool = False

    @property
    def writes(self) -> bool:
        """Whether the instance changes at all."""
        return self.status is not None


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
    return Decision(outgoing, later)


def remember(  # noqa: PLR0913, PLR0917 - everything an open instance consists of
    state: bytes,
    due: datetime | None = None,
    outgoing: tuple[Outgoing, ...] = (),
    later: tuple[Later, ...] = (),
    status: Status = Status.WAITING,
    parts: tuple[Part, ...] = (),
) -> Decision:
    """Keep `state` for the key, be asked again at `due`, and send messages.

    Pieces that are not in `parts` stay as they are, with their timers.
    """
    if status.final:
        raise ValueError(f"an instance that is {status} is open no more")
    return Decision(outgoing, later, status, state, due, parts)


def forget(
    outgoing: tuple[Outgoing, ...] = (),
    later: tuple[Later, ...] = (),
    status: Status = Status.COMPLETED,
) -> Decision:
    """End the instance with its pieces and timers, and send messages. That it ended is listed."""
    return Decision(outgoing, later, _final(status))


def finish(
    state: bytes,
    status: Status = Status.COMPLETED,
    outgoing: tuple[Outgoing, ...] = (),
    later: tuple[Later, ...] = (),
    parts: tuple[Part, ...] = (),
) -> Decision:
    """Do what `forget` does, but keep `state` and all pieces for a while, for people to look at."""
    return Decision(outgoing, later, _final(status), state, None, parts)


def want(*parts: str) -> Decision:
    """Decide nothing yet: load these pieces, or all where none is named, and ask again."""
    return Decision(wanted=parts)


def ignore() -> Decision:
    """Take no notice: of an event that concerns no instance, such as an answer to somebody else."""
    return Decision(ignored=True)


def _final(status: Status) -> Status:
    if not status.final:
        raise ValueError(f"an instance that is {status} has not ended")
    return status


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a definition is asked to decide.

    Attributes:
        event: what happened.
        reaction: the id of the reaction to be decided; ids of what it sends derive from it.
        now: the decision's time, aware: the only clock a decision may look at.
        source: the name this orchestrator sends under.
        scope: what expressions may read about the event.
        directory: which service instances live; None for none.
    """

    event: Event
    reaction: ReactionId
    now: datetime
    source: str
    scope: Scope
    directory: Directory | None = None


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The other reason to decide: the instance's timer is due and was not overtaken by an event.

    Attributes:
        key: the correlation key of the instance.
        due: when the timer was set for; decisions go by this, not by when it was noticed.
        reaction: the id of the reaction to be decided.
        now: the decision's time, aware.
        source: the name this orchestrator sends under.
        part: the piece whose timer it is, which is loaded; empty for the instance's own.
        directory: which service instances live; None for none.
    """

    key: str
    due: datetime
    reaction: ReactionId
    now: datetime
    source: str
    part: str = ""
    directory: Directory | None = None


class Definition(Protocol):
    """Something that decides: a stateless rule, a join or window, and later workflows.

    Implementations are pure and frozen: no clock, no I/O, no randomness, no logging.
    """

    @property
    def name(self) -> str:
        """Unique in its rulebook."""

    @property
    def revision(self) -> str:
        """Hash of what it means, 12 hexadecimal digits."""

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

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return the names of the pieces that deciding on `event` needs, if they exist."""

    def recalls(self, event_type: str) -> bool:
        """Tell whether such an event may be about an instance that has ended.

        Where none is open, `decide` then gets the last one that was kept, with all its pieces.
        """

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Return what follows. Raise a ``Refused`` error when it cannot be decided.

        Args:
            instance: what is remembered under the key; None for nothing. Never None on `Elapsed`.
                One that has ended only where the definition recalls such events.
            signal: an event that its condition let through, or the instance's timer.
        """
