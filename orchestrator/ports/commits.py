"""What is written together, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Message
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports.states import InstanceWrite, Timer


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
