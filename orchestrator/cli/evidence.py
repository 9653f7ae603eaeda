"""Everything that is known about a case, before anybody draws conclusions. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.retired import Revision
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import StatefulRule
from orchestrator.errors import Refused, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from orchestrator.cli.seen import Seen
    from orchestrator.core.deadletter import DeadLetter
    from orchestrator.core.decision import Definition, Instance
    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.event import Event, Outgoing
    from orchestrator.core.ids import ReactionId
    from orchestrator.ports import InstanceKey, Noted, OpenInstance


@dataclass(frozen=True, slots=True)
class Logged:
    """A message of the case.

    Attributes:
        seen: what it says about itself.
        event: the same as rules see it; None where it cannot be read.
    """

    seen: Seen
    event: Event | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that a rule sends later.

    Attributes:
        due: when.
        outgoing: the message.
    """

    due: datetime
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the log, the store, the ledger and the dead letters hold about one key.

    Attributes:
        key: the key that was asked about.
        now: when it was asked.
        rulebook: the rules as they are now.
        logged: messages of the log, and those that only the store still has, in the log's order.
        letters: dead letters.
        instances: what rules remember under the keys of the case, with when it changed and is due.
        pending: messages that are sent later.
        reacted: reactions of which the store has a marker.
        unmatched: entries of the ledger.
        backlog: how many messages wait for the daemon; None where nobody could tell.
        queue: the daemon's queue.
        unread: parts of it that could not be asked, in words.
    """

    key: str
    now: datetime
    rulebook: Rulebook
    logged: Sequence[Logged]
    letters: Sequence[tuple[Seen, DeadLetter]] = ()
    instances: Mapping[InstanceKey, tuple[OpenInstance, Instance]] = field(default_factory=dict)
    pending: Sequence[Pending] = ()
    reacted: frozenset[ReactionId] = frozenset()
    unmatched: Sequence[Noted] = ()
    backlog: int | None = None
    queue: str = ""
    unread: Sequence[str] = ()

    @property
    def found(self) -> bool:
        """Whether anything is known of the key at all."""
        return bool(self.logged or self.letters or self.instances or self.pending or self.unmatched)


def key_of(rule: Definition, event: Event, now: datetime) -> str | None:
    """Return what `rule` keeps its state under for `event`; None where it has no such key."""
    try:
        return rule.key(event, Scope(event, now))
    except Refused:
        return None


def wording(rulebook: Rulebook, at: InstanceKey, instance: Instance) -> Definition | None:
    """Return the definition that decides on an instance: it keeps the one it began with.

    None where the rule is gone, or its old text cannot be read.
    """
    try:
        return rulebook.responsible(Revision(at.definition, instance.revision), at.key)
    except Unreadable:
        return None


def rules_by_other_keys(rulebook: Rulebook) -> frozenset[str]:
    """Return the names of the rules that keep their state under another key than the event's."""
    return frozenset(
        rule.name
        for rule in rulebook.definitions
        if isinstance(rule, StatefulRule) and rule.by is not None
    )


class Sieve:
    """Tells which messages of a log belong to a case: by their key, or by a key of a rule.

    Args:
        key: the key of the case.
        rulebook: the rules, some of which keep their state under a key of their own.
    """

    def __init__(self, key: str, rulebook: Rulebook) -> None:
        self._key = key
        self._rulebook = rulebook
        self._rules = rules_by_other_keys(rulebook)
        self._types = frozenset(
            event_type
            for event_type, listeners in rulebook.by_type.items()
            if any(rule.name in self._rules for rule, _ in listeners)
        )
        self._causes: set[str] = set()

    def asks_for(self, seen: Seen) -> bool:
        """Tell whether the event itself must be looked at before anybody can tell."""
        return seen.key != self._key and seen.type in self._types

    def wants(self, seen: Seen, event: Event | None) -> bool:
        """Tell whether the message belongs to the case."""
        if seen.key == self._key:
            return True
        if event is not None and self._counts(event, seen.time):
            self._causes.add(event.id)
            return True
        return seen.causation_id in self._causes and seen.rule in self._rules

    def _counts(self, event: Event, now: datetime) -> bool:
        listeners = self._rulebook.by_type.get(event.type, ())
        return any(
            rule.name in self._rules and key_of(rule, event, now) == self._key
            for rule, _ in listeners
        )
