"""What the engine and the consumer runtime need from outside. The docstrings are the contract.

Every implementation passes the suites in ``tests/contract``; the ones in ``adapters.memory`` are
for tests and dry runs. Whatever goes wrong outside reaches the caller as ``Unavailable`` (wait and
try again) or ``Misconfigured`` (a person must act), never as a client library's exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.core.status import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from orchestrator.core.decision import Instance, Part
    from orchestrator.core.event import Delivery, Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.core.unmatched import Unmatched


MESSAGE: Final = "m/"
"""What the part of a kept message begins with."""

PIECE: Final = "p/"
"""What the part of a piece begins with."""

NOTHING: Final[Mapping[InstanceKey, Sequence[str]]] = MappingProxyType({})


class Clock(Protocol):
    """The time, so that tests can hold it still."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""


class Subscription(Protocol):
    """An open consumption of one queue. Ends with the connection it was opened on."""

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait for at least one delivery and return all that have arrived, up to `limit`.

        Deliveries come in the queue's order, each once per subscription.

        Raises:
            Unavailable: the connection is lost; everything unacknowledged will be redelivered.
        """

    async def acknowledge(self, delivery: Delivery) -> None:
        """Settle `delivery` and everything received before it. Does not wait for the broker.

        Raises:
            Unavailable: the connection is lost; the deliveries will come again.
        """

    def waiting(self) -> int:
        """Return how many deliveries have arrived and were not yet received."""

    async def catch_up(self) -> None:
        """Return once everything that was handed out to us before the call has arrived.

        Raises:
            Unavailable: the connection is lost.
        """


class Broker(Protocol):
    """The message broker, as far as a consuming process needs it."""

    def subscribe(self, queue: str, prefetch: int) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription on `queue`; leaving hands back what was not acknowledged.

        Args:
            queue: an existing queue.
            prefetch: how many unacknowledged deliveries the broker may hand out.

        Raises:
            Unavailable: the broker cannot be reached.
            Misconfigured: the queue is missing, or may not be read.
        """

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send `messages` in order as one write, and return once the broker confirmed all of them.

        Raises:
            Unavailable: at least one is not confirmed. It may have been delivered all the same:
                publish all of them again, with the same ids.
        """

    async def backlog(self, queue: str) -> int:
        """Return how many messages wait in `queue`, those handed out not counted."""

    async def consumers(self, queue: str) -> int:
        """Return how many subscriptions `queue` has, ours and everybody's.

        Of one that ended, what it had not acknowledged is ready again, before all else.
        """

    async def bind(self, queue: str, channels: Collection[str]) -> None:
        """Make `queue` receive what is published under `channels` from now on. Idempotent."""

    async def unbind(self, queue: str, channels: Collection[str]) -> None:
        """Stop `queue` from receiving `channels`. Idempotent; what it holds stays."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """One definition's reaction to one event, ready to commit.

    Attributes:
        id: its marker; a second commit under the same id is a duplicate.
        messages: what it sends; kept in the outbox until settled.
    """

    id: ReactionId
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """Where an instance is kept: a definition's name and a correlation key.

    Two things are kept beside what a definition remembers about a key, and `part` tells which:

    - a *kept message*, which the definition sends later: ``m/`` and the message's id. It is an
      instance of its own, with a version and a timer, and outlives what the definition remembers.
    - a *piece* of the instance: ``p/`` and its name. It has no version: it is written only together
      with the instance it belongs to, and ends with it. It may have a timer.

    Attributes:
        definition: the definition's name.
        key: the correlation key; it alone decides about the shard.
        part: empty for the instance itself, its head.
    """

    definition: str
    key: str
    part: str = ""

    @property
    def head(self) -> InstanceKey:
        """The instance that a piece belongs to, or that a kept message was decided for."""
        return InstanceKey(self.definition, self.key) if self.part else self

    @property
    def message(self) -> str:
        """The id of a kept message; empty for everything else."""
        return self.part[len(MESSAGE) :] if self.part.startswith(MESSAGE) else ""

    @property
    def piece(self) -> str:
        """The name of a piece; empty for everything else."""
        return self.part[len(PIECE) :] if self.part.startswith(PIECE) else ""

    def of_message(self, message_id: str) -> InstanceKey:
        """Return where a message is kept until it is sent."""
        return InstanceKey(self.definition, self.key, MESSAGE + message_id)

    def of_piece(self, name: str) -> InstanceKey:
        """Return where a piece is kept."""
        return InstanceKey(self.definition, self.key, PIECE + name)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer: of an instance, a kept message or a piece. Each has one, or none.

    Attributes:
        at: whose.
        due: when, aware, to the millisecond.
    """

    at: InstanceKey
    due: datetime


@dataclass(frozen=True, slots=True)
class InstanceWrite:
    """The change of one instance, decided on `expected`.

    Attributes:
        at: which instance, or which kept message; never a piece.
        expected: the instance as the decision saw it; None when there was none. One that has ended
            is begun again: none may be open, and it must be the one that was kept last.
        status: from now on. A final one ends it: it goes with its pieces and their timers, and is
            listed as finished for a while. None writes nothing, and only insists on `expected`.
        state: the next state. Of one that ends, what is kept for a while beside its pieces; None
            to keep nothing.
        due: when its timer is due from now on; None for no timer.
        revision: of the definition that began it.
        parts: the pieces that change. Each sets or removes its own timer.
    """

    at: InstanceKey
    expected: Instance | None
    status: Status | None
    state: bytes | None = None
    due: datetime | None = None
    revision: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def recalled(self) -> Instance | None:
        """The instance that had ended and is begun again; None for any other write."""
        return self.expected if self.expected and self.expected.status.final else None

    @property
    def parted(self) -> bool:
        """Whether the instance has, or had, pieces."""
        return bool(self.parts) or (self.expected is not None and self.expected.parted)


@dataclass(frozen=True, slots=True)
class Commit:
    """What is written together or not at all.

    Attributes:
        key: the correlation key; everything in the commit lives in its shard.
        reactions: at least one. Several only for signals decided one after another on one instance.
        writes: the instances' changes. Their next version is the last reaction's id.
        timer: the timer that led to it; written only while it is set for just then, and set no
            more afterwards unless a write sets it.
    """

    key: str
    reactions: tuple[Reaction, ...]
    writes: tuple[InstanceWrite, ...] = ()
    timer: Timer | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """All of it is written, durably."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """At least one reaction was committed before, so nothing was written now.

    Attributes:
        done: the reactions that were, each with what is still in its outbox: messages that may not
            have been confirmed and must be published again.
    """

    done: dict[ReactionId, tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An instance or the timer is not as it was. Nothing was written: load and decide again."""


CommitResult = Committed | Duplicate | Conflict


@dataclass(frozen=True, slots=True)
class Settlement:
    """A reaction whose messages are confirmed: its outbox entry can go.

    Attributes:
        key: the correlation key it was committed under.
        id: the reaction.
    """

    key: str
    id: ReactionId


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """What a reaction left in the outbox.

    Attributes:
        settlement: what to settle once `messages` are confirmed.
        messages: to publish, with the ids they were committed with.
        committed_at: when, aware.
    """

    settlement: Settlement
    messages: tuple[Message, ...]
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class KeptDefinition:
    """The text of a definition that instances may still need.

    Attributes:
        text: as it was put.
        put_at: when somebody put it last, aware.
    """

    text: str
    put_at: datetime


class Store(Protocol):
    """Durable state: markers, instances and the outbox."""

    async def load(
        self,
        instances: Sequence[InstanceKey],
        pieces: Mapping[InstanceKey, Sequence[str]] = NOTHING,
    ) -> list[Instance | None]:
        """Return instances in order, in one round trip; None for one that does not exist.

        Args:
            instances: which; instances or kept messages, no pieces.
            pieces: which pieces of them to load too, by name; an empty list for all of one. Those
                that do not exist are left out of `Instance.parts`.
        """

    async def ended(self, instances: Sequence[InstanceKey]) -> list[Instance | None]:
        """Return instances that have ended as they were kept, all pieces loaded, in order.

        Where one key had several, the last of them; None where none was kept, or not any more.
        Their status is final.
        """

    async def commit(self, commits: Sequence[Commit], now: datetime) -> list[CommitResult]:
        """Apply each commit atomically, in order, in one round trip; durable on return.

        Running the same commits again, whatever happened in between, is safe: those applied before
        answer ``Duplicate``. Markers are kept for at least the dedupe window, and what is known of
        finished instances for the time and up to the number that the store is set up with.

        Raises:
            Unavailable: some may have been applied; repeat all of them.
            Misconfigured: the store lost data it had (see ``verify``).
        """

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """Return those of `reactions`, each after its correlation key, that have a marker."""

    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """Return timers that are due by `now`, the earliest first, at most about `limit`."""

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Remove the outbox entries. Idempotent."""

    def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        """Yield entries that are still unsettled and older than `committed_before`, once each."""

    async def outbox_size(self) -> int:
        """Return how many reactions wait in the outbox."""

    async def open_revisions(self) -> Mapping[tuple[str, str], int]:
        """Return how many instances are open, by definition and revision: those with any."""

    async def put_definitions(self, texts: Mapping[str, str], now: datetime) -> None:
        """Keep the texts of definitions by their revisions, as of `now`."""

    async def definitions(self) -> Mapping[str, KeptDefinition]:
        """Return all texts of definitions that are kept, by their revisions."""

    async def drop_definitions(self, revisions: Collection[str]) -> None:
        """Keep the texts of these no longer."""

    async def verify(self) -> list[str]:
        """Check the server's settings and that it still has what was written.

        Returns:
            Weaknesses that were allowed on purpose, as sentences; empty when there are none.

        Raises:
            Misconfigured: the store would lose data, or did; the text says what to do.
            Unavailable: it cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class OpenInstance:
    """An instance that is open, as a list shows it. Messages kept for later are none.

    Attributes:
        at: which.
        changed: when it was written last, aware, to the millisecond.
        due: when its timer is due; None without one.
        status: what it is doing.
    """

    at: InstanceKey
    changed: datetime
    due: datetime | None = None
    status: Status = Status.WAITING


@dataclass(frozen=True, slots=True)
class FinishedInstance:
    """An instance that has ended, the last one of its definition, key, revision and status.

    Attributes:
        at: which.
        ended: when, aware, to the millisecond.
        status: how.
        revision: of the definition that began it.
        kept: whether its last state may still be there.
    """

    at: InstanceKey
    ended: datetime
    status: Status
    revision: str
    kept: bool


class Inspection(Protocol):
    """What a person may ask about what is remembered. Answers come from indexes."""

    async def open_instances(
        self,
        *,
        definition: str | None = None,
        status: Status | None = None,
        after: OpenInstance | None = None,
        unchanged_since: datetime | None = None,
        limit: int,
    ) -> list[OpenInstance]:
        """Return a page of open instances, the newest change first.

        One page after the other they hold every instance that does not change meanwhile, once.

        Args:
            definition: only what this one remembers; None for all.
            status: only those of this one, which is not final; None for all.
            after: the last of the page before, its `due` left out or not; None for the first page.
            unchanged_since: only those not written after that, and the oldest change first.
            limit: how many at most, at least 1.
        """

    async def finished(
        self,
        *,
        definition: str | None = None,
        status: Status | None = None,
        key: str | None = None,
        after: FinishedInstance | None = None,
        limit: int,
    ) -> list[FinishedInstance]:
        """Return a page of instances that have ended, the last first.

        They are kept by time, up to a number: what is chosen is found by passing the others.

        Args:
            definition: only what this one remembered; None for all.
            status: only those that ended so; None for all.
            key: only those of this correlation key; None for all.
            after: the last of the page before; None for the first page.
            limit: how many at most, at least 1.
        """

    async def last_state(self, at: InstanceKey) -> Instance | None:
        """Return an instance that has ended as it was kept, all pieces loaded; None if it was not.

        Where one key had several, the last of them.
        """

    async def remembered(self, key: str) -> list[OpenInstance]:
        """Return what is remembered under a correlation key, by the names of the definitions."""

    async def reacted(
        self, reactions: Collection[tuple[str, ReactionId]], now: datetime
    ) -> frozenset[ReactionId]:
        """Return those of `reactions`, each after its correlation key, that have a marker."""

    async def timers(
        self,
        *,
        definition: str | None = None,
        key: str | None = None,
        until: datetime | None = None,
        after: Timer | None = None,
        limit: int | None = None,
    ) -> list[Timer]:
        """Return a page of timers that are set, the earliest first.

        One page after the other they hold every timer that is not moved meanwhile, once. It costs
        as much as there are timers of the definition, or of all up to the limit, never more.

        Args:
            definition: only this one's; None for all.
            key: only those of this correlation key; None for all.
            until: only those due by then; None for all.
            after: the last of the page before; None for the first page.
            limit: how many at most; None for all.
        """

    async def failed_messages(self) -> list[InstanceKey]:
        """Return the kept messages whose timer failed, by definition, key and id.

        They are sent no more by themselves: their status is ``incident``, and no timer is set.
        """


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the ledger.

    Attributes:
        id: its name; ids of the same ledger are ordered as they were noted.
        at: when it was noted, aware, to the millisecond.
        entry: what led to nothing.
    """

    id: str
    at: datetime
    entry: Unmatched


class Ledger(Protocol):
    """What led to nothing, for people to look at: bounded, the oldest entries go."""

    async def note(self, entries: Sequence[Unmatched]) -> list[str]:
        """Add entries in one round trip and return their ids; none where none are kept.

        Whoever notes something twice finds it twice.
        """

    def entries(
        self, *, after: str | None = None, since: datetime | None = None
    ) -> AsyncIterator[Noted]:
        """Yield entries, the newest first.

        Args:
            after: only those noted before the one with this id, which need not be there any more.
            since: only those not noted before; None for all.
        """

    async def find(self, entry_id: str) -> Noted | None:
        """Return the entry with that id; None if it is not there, or not there any more."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Remove entries. Idempotent."""


JOINED: Final = -1
"""What a member says before it opens its subscription."""

OPEN: Final = 0
"""What it says once it has, until it answers to a turn."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the members that share an input queue have come.

    A member is one subscription of one process: ``<process>/<number>``, numbered as they follow
    each other.

    Attributes:
        turn: how often markers were taken so far.
        members: what each said last: ``JOINED``, ``OPEN``, or the turn it answered to: whatever it
            was handed before that turn is decided.
        takings: of whom a marker was taken: the number of the newest, and at which turn.
    """

    turn: int
    members: Mapping[str, int]
    takings: Mapping[str, tuple[int, int]]


class Progress(Protocol):
    """What the processes that share an input queue tell each other about it.

    Who says nothing for about a minute is forgotten: by then the broker has noticed, too, that it
    is gone. Turns only grow, in the order of the calls, whoever makes them; no clock of theirs
    counts. Each call returns how things stand after it.

    Every method raises ``Unavailable`` or ``Misconfigured`` and may be repeated then.
    """

    async def look(self) -> Standing:
        """Say nothing."""

    async def say(self, member: str, said: int) -> Standing:
        """Let a member say something, or the same again."""

    async def took(self, member: str, number: int) -> Standing:
        """Begin a turn: a marker of a member was taken; none if that member is forgotten."""
