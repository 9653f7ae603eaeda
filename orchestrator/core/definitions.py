"""What operators write, compiled: rules, their actions, and the rulebook. Knows nothing of YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from orchestrator.core.decision import (
    Decision,
    Definition,
    Elapsed,
    Instance,
    Later,
    Signal,
    emit,
    forget,
)
from orchestrator.core.event import Outgoing
from orchestrator.core.expression import ReactionBudget
from orchestrator.core.hops import trail_of
from orchestrator.core.ids import message_id
from orchestrator.core.retired import Retired
from orchestrator.errors import ExpressionError, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from orchestrator.core.decision import Condition
    from orchestrator.core.event import Event
    from orchestrator.core.expression import Expression, Template
    from orchestrator.core.problem import Position
    from orchestrator.core.retired import Recall, Revision
    from orchestrator.core.scope import Scope

MAX_FAN_OUT = 10_000
"""Messages that one reaction may send: they are committed, held and published together."""


class MessageContract(Protocol):
    """What a rule must know about a message type: the catalog's entry for it."""

    @property
    def name(self) -> str:
        """The message type, such as ``SendAcknowledgment``."""

    @property
    def channel(self) -> str:
        """The routing key it travels under, such as ``notify.v1``."""

    def validate(self, data: object) -> None:
        """Raise ``SchemaViolation`` unless `data` satisfies the payload schema."""


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of ``then``: a message to send.

    Attributes:
        message: what is sent, and how its data is checked.
        data: template of its data; None sends the event's data as it is.
        guard: sent only where this holds; None means always.
        for_each: a list expression; the action is taken once per item. None means once.
        item_name: the name an item has in `data` and `guard`.
        position: where it stands in the rule file.
        after: how long after the decision it is sent; None for at once.
    """

    message: MessageContract
    data: Template | None
    guard: Expression | None
    for_each: Expression | None
    item_name: str
    position: Position
    after: timedelta | None = None

    def payload(self, scope: Scope) -> object:
        """Return the data to send. Raise ``SchemaViolation`` when it breaks the schema."""
        data = scope["data"] if self.data is None else self.data(scope)
        self.message.validate(data)
        return data


@dataclass(frozen=True, slots=True)
class Rule:
    """A stateless rule: on an event of one of `triggers` for which `guard` holds, take `actions`.

    Attributes:
        name: unique in the rulebook; part of the reaction's id, so renaming re-arms duplicates.
        revision: hash of the normalised definition, 12 hexadecimal digits.
        triggers: event types, without repetition.
        guard: the compiled ``if``; None means always.
        actions: in the order they are written.
        for_each: a list expression; all actions are taken once per item. None means once.
        item_name: the name an item has inside the actions.
    """

    name: str
    revision: str
    description: str
    triggers: tuple[str, ...]
    guard: Expression | None
    actions: tuple[Action, ...]
    for_each: Expression | None
    item_name: str
    position: Position

    @property
    def stateful(self) -> bool:
        """Return False: it decides on the event alone."""
        return False

    def condition(self, event_type: str) -> Condition | None:  # noqa: ARG002 - the same for all
        """Return its guard."""
        return self.guard.holds if self.guard else None

    def key(self, event: Event, scope: Scope) -> str:  # noqa: ARG002 - the protocol
        """Return the event's own correlation key."""
        return event.correlation_id

    def pieces(self, event: Event) -> tuple[str, ...]:  # noqa: ARG002 - the protocol
        """Return none: it remembers nothing."""
        return ()

    def recalls(self, event_type: str) -> bool:  # noqa: ARG002 - the protocol
        """Return False: what has ended is over."""
        return False

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:  # noqa: ARG002
        """Return the messages its actions send. Raise ``Refused`` when one of them cannot be."""
        if isinstance(signal, Elapsed):  # of a rule that had this name, and remembered
            return forget()
        signal.scope.budget = ReactionBudget()
        return emit(*take(self, self.actions, signal, _scopes(self, signal.scope)))


class Sender(Protocol):
    """What messages name as the one that sends them: a definition of any kind."""

    @property
    def name(self) -> str:
        """The name of the rule."""

    @property
    def revision(self) -> str:
        """The revision of the rule."""

    @property
    def position(self) -> Position:
        """Where the rule stands."""


def take(
    sender: Sender, actions: Sequence[Action], signal: Signal, scopes: Sequence[Scope]
) -> tuple[tuple[Outgoing, ...], tuple[Later, ...]]:
    """Return the messages that `actions` send at once, and those that they send later.

    Args:
        sender: the rule whose actions they are.
        actions: in order.
        signal: the event they follow from, and the reaction their ids derive from.
        scopes: what expressions may read; all actions are taken once for each.

    Raises:
        Refused: one of them cannot be sent: none is.
    """
    outgoing: list[Outgoing] = []
    later: list[Later] = []
    for outer in scopes:
        for action in actions:
            for scope in _scopes(action, outer):
                if action.guard is None or action.guard.holds(scope):
                    index = len(outgoing) + len(later)
                    if index == MAX_FAN_OUT:
                        raise ExpressionError(
                            f"one event would send more than {MAX_FAN_OUT:,} messages",
                            sender.position,
                        )
                    message = _outgoing(sender, signal, action, action.payload(scope), index)
                    if action.after is None:
                        outgoing.append(message)
                    else:
                        later.append(Later(signal.now + action.after, message))
    return tuple(outgoing), tuple(later)


def _outgoing(
    sender: Sender, signal: Signal, action: Action, payload: object, index: int
) -> Outgoing:
    event = signal.event
    return Outgoing(
        id=message_id(signal.reaction, index),
        type=action.message.name,
        channel=action.message.channel,
        source=signal.source,
        time=signal.now,
        data=payload,
        correlation_id=event.correlation_id,
        subject=event.subject,
        causation_id=event.id,
        traceparent=event.traceparent,
        rule=sender.name,
        revision=sender.revision,
        hops=event.hops + 1,
        trail=trail_of(event, sender.name, action.message.name),
    )


def _scopes(repeated: Rule | Action, scope: Scope) -> Sequence[Scope]:
    """Return `scope`, or one scope per item of ``for_each`` with the item under its name."""
    if repeated.for_each is None:
        return (scope,)
    items = repeated.for_each(scope)
    if not isinstance(items, list):
        raise ExpressionError(
            "for_each needs a list; this expression gave something else", repeated.position
        )
    return [scope.with_item(repeated.item_name, item) for item in items]


Listener: TypeAlias = "tuple[Definition, Condition | None]"
"""A definition and its condition, taken out of it because a hundred may be asked about one event.

None means always.
"""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every enabled definition, ready to be asked. Built whole, swapped in one assignment.

    Attributes:
        revision: hash over all definitions and the catalog, 12 hexadecimal digits.
        definitions: in file order.
        contracts: the catalog's entry of every documented type, and of every type in use.
        texts: revision -> the text of a definition that remembers, to be compiled again one day.
        recall: compiles such a text; None where there are none.
        retired: old wordings under which instances are still open.
        by_type: event type -> the definitions it triggers with their conditions, in file order.
        by_name: name -> definition, for timers.
    """

    revision: str
    definitions: tuple[Definition, ...]
    contracts: Mapping[str, MessageContract]
    texts: Mapping[Revision, str] = field(default_factory=dict)
    recall: Recall | None = None
    retired: Retired = field(default_factory=Retired, init=False)
    by_type: Mapping[str, tuple[Listener, ...]] = field(init=False)
    by_name: Mapping[str, Definition] = field(init=False)

    def __post_init__(self) -> None:
        """Index the definitions by event type."""
        index: dict[str, list[Listener]] = {}
        for definition in self.definitions:
            for trigger in definition.triggers:
                listener = (definition, definition.condition(trigger))
                index.setdefault(trigger, []).append(listener)
        by_type = {event_type: tuple(listeners) for event_type, listeners in index.items()}
        object.__setattr__(self, "by_type", by_type)
        by_name = {definition.name: definition for definition in self.definitions}
        object.__setattr__(self, "by_name", by_name)

    @property
    def channels(self) -> frozenset[str]:
        """The routing keys the input queue must be bound to."""
        wanted = [self.contracts[event_type] for event_type in self.by_type]
        wanted += [self.retired.contracts[event_type] for event_type in self.retired.by_type]
        return frozenset(contract.channel for contract in wanted)

    def contract(self, event_type: str) -> MessageContract | None:
        """Return what events of a type must satisfy; None if no definition wants them."""
        if event_type in self.by_type:
            return self.contracts[event_type]
        if event_type in self.retired.by_type:
            return self.retired.contracts[event_type]
        return None

    def is_current(self, revision: Revision) -> bool:
        """Tell whether a definition stands in the files in just this wording."""
        definition = self.by_name.get(revision.name)
        return definition is not None and definition.revision == revision.revision

    def knows(self, revision: Revision) -> bool:
        """Tell whether it is known what becomes of instances of a wording."""
        return not revision.revision or self.is_current(revision) or revision in self.retired

    def responsible(self, revision: Revision, key: str) -> Definition | None:
        """Return who decides on an instance; None if its rule, which kept no revision, is gone.

        Args:
            revision: the wording it began under.
            key: its correlation key, to be told.

        Raises:
            Unreadable: it is known that this wording cannot be asked any more.
        """
        current = self.by_name.get(revision.name)
        if not revision.revision or (current and current.revision == revision.revision):
            return current
        if revision in self.retired.definitions:
            return self.retired.definitions[revision]
        why = self.retired.unreadable.get(revision, "it is not known here")
        raise Unreadable(revision.name, revision.revision, key, why)
