"""Decides what a rule that remembers does with an event, or when its time is over. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrator.core.decision import Decision, Elapsed, Signal, emit, forget, remember
from orchestrator.core.definitions import take
from orchestrator.core.expression import ReactionBudget
from orchestrator.core.keys import read_key
from orchestrator.core.scope import Scope
from orchestrator.core.stateful.matching import complete, condensed, lapse
from orchestrator.core.stateful.memory import (
    MICROSECOND,
    Kept,
    Memory,
    microseconds,
    milliseconds_after,
    unpack,
)
from orchestrator.core.stateful.pattern import Absent, Count
from orchestrator.core.stateful.tally import NOTHING_COUNTED, unpack_tally
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from orchestrator.core.decision import Condition, Instance, Later
    from orchestrator.core.definitions import Action
    from orchestrator.core.event import Event, Outgoing
    from orchestrator.core.expression import Expression
    from orchestrator.core.problem import Position
    from orchestrator.core.stateful.matching import Remembered
    from orchestrator.core.stateful.pattern import Element, Pattern

MAX_EVENTS: Final = 20
"""Events remembered per element and key: of more than that, the oldest and the newest."""

MAX_COUNTED: Final = 10_000
"""The same for a count, which remembers only when they happened, and how far it may count."""

MAX_STATE_BYTES: Final = 1024 * 1024
"""What is remembered for one key is read and written whole."""

Messages: TypeAlias = "tuple[tuple[Outgoing, ...], tuple[Later, ...]]"
"""What is sent at once, and what is sent later."""

NOTHING: Final[Messages] = ((), ())


@dataclass(frozen=True, slots=True)
class StatefulRule:
    """A rule that remembers events per key until its pattern is complete or its time is over.

    Everything goes by the time at which events happened. Those that lie within `within` of each
    other belong together, in whatever order they arrive.

    Attributes:
        name: unique in the rulebook.
        revision: hash of the normalised definition, 12 hexadecimal digits.
        description: for people.
        elements: what it waits for. An event counts for the first it fits, in the order written.
            For `Absent` the event that starts, then the one that is missed.
        pattern: when it fires.
        within: how long after the first event, by event time; None for no limit.
        by: event type -> the expression of its key; None for the event's correlation key.
        actions: taken when it fires (for `Absent` when the time is over without the event).
        otherwise: taken when the time is over and it has not fired.
        position: where it stands in the rule file.
    """

    name: str
    revision: str
    description: str
    elements: tuple[Element, ...]
    pattern: Pattern
    within: timedelta | None
    by: Mapping[str, Expression] | None
    actions: tuple[Action, ...]
    otherwise: tuple[Action, ...]
    position: Position

    @property
    def triggers(self) -> tuple[str, ...]:
        """Return the event types of its elements, without repetition."""
        return tuple(dict.fromkeys(element.event_type for element in self.elements))

    @property
    def stateful(self) -> bool:
        """Return True: it decides on what it remembers."""
        return True

    def condition(self, event_type: str) -> Condition | None:
        """Return whether any element wants an event of that type; None where one wants all.

        The conditions are asked in the order written: what none of them wants needs no key.
        """
        guards = [each.guard for each in self.elements if each.event_type == event_type]
        asked = [guard.holds for guard in guards if guard is not None]
        if len(asked) < len(guards):
            return None
        return asked[0] if len(asked) == 1 else lambda scope: any(holds(scope) for holds in asked)

    def key(self, event: Event, scope: Scope) -> str:
        """Return the key its memory is kept under.

        Raises:
            ExpressionError: the event has none that can be used.
        """
        value = event.correlation_id if self.by is None else self.by[event.type](scope)
        return read_key(value, event.type, self.position)

    def pieces(self, event: Event) -> tuple[str, ...]:  # noqa: ARG002 - the protocol
        """Return none: what it remembers is one piece."""
        return ()

    def recalls(self, event_type: str) -> bool:  # noqa: ARG002 - the protocol
        """Return False: what has ended is over."""
        return False

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Return what follows from an event, or from the end of the oldest event's time.

        Raises:
            Refused: an expression failed, a message breaks its schema, or too much is remembered.
        """
        memory = self.remembered(instance)
        if isinstance(signal, Elapsed):
            return self._on_time_over(memory, signal)
        element = self._element(signal)
        if element is None or memory.knows(signal.event):
            return emit(())
        event = signal.event
        new = Kept(microseconds(event.time), event.identity, element.name, event)
        limit = MAX_COUNTED if isinstance(self.pattern, Count) else MAX_EVENTS
        return self._on_event(memory.adding(new, limit), signal)

    def reads_like(self, before: StatefulRule) -> bool:
        """Tell whether it can read what another wording of it remembers."""
        return isinstance(self.pattern, Count) is isinstance(before.pattern, Count)

    def remembered(self, instance: Instance | None) -> Remembered:
        """Return what its instance holds: a `Tally` for a count, a `Memory` for all else."""
        if isinstance(self.pattern, Count):
            (element,) = self.elements
            return unpack_tally(instance.state, element) if instance else NOTHING_COUNTED
        return unpack(instance.state, self.elements) if instance else Memory()

    def _element(self, signal: Signal) -> Element | None:
        """Return the first element that the event counts for."""
        for element in self.elements:
            if element.event_type == signal.event.type and (
                element.guard is None or element.guard.holds(signal.scope)
            ):
                return element
        return None

    def _on_event(self, memory: Remembered, signal: Signal) -> Decision:
        memory = condensed(self.pattern, self._names, self._within, memory)
        outcome = complete(self.pattern, self._names, self._within, memory)
        if outcome is None:
            return self._next(memory)
        return self._next(outcome.rest, self._take(self.actions, outcome.events, signal))

    def _on_time_over(self, memory: Remembered, signal: Elapsed) -> Decision:
        if self._within is None:
            return self._next(memory)
        due = microseconds(signal.due)
        events, memory = lapse(self.pattern, self._names, self._within, memory, due)
        actions = self.actions if isinstance(self.pattern, Absent) else self.otherwise
        return self._next(memory, self._take(actions, events, signal) if events else NOTHING)

    def _take(
        self, actions: Sequence[Action], events: Mapping[str, Kept], signal: Signal | Elapsed
    ) -> Messages:
        """Return what `actions` send about `events`, the newest of which stands for them all."""
        attributes: dict[str, object] = {}
        newest: Event | None = None
        farthest: Event | None = None
        for kept in sorted(events.values(), key=lambda one: one.order):
            if kept.event is not None:
                newest = kept.event
                attributes[kept.name] = newest.attributes()
                if farthest is None or newest.hops > farthest.hops:
                    farthest = newest
        if newest is None or farthest is None:
            raise RuntimeError(f"rule {self.name}: nothing is known of the events it is about")
        scope = Scope(newest, signal.now)
        scope["events"], scope.budget = attributes, ReactionBudget()
        if farthest.hops > newest.hops:  # or a loop would not be counted where another event joins
            newest = replace(newest, hops=farthest.hops, trail=farthest.trail)
        about = Signal(newest, signal.reaction, signal.now, signal.source, scope)
        return take(self, actions, about, (scope,))

    def _next(self, memory: Remembered, messages: Messages = NOTHING) -> Decision:
        """Return the decision to keep `memory` until the time of its oldest event is over."""
        first = memory.first
        if first is None:
            return forget(*messages)
        state = memory.pack()
        if len(state) > MAX_STATE_BYTES:
            raise ExpressionError(
                f"rule {self.name} would remember {len(state):,} bytes for one key, over the limit"
                f" of {MAX_STATE_BYTES:,}: send references instead of documents (claim check)",
                self.position,
            )
        outgoing, later = messages
        return remember(state, self._due(first), outgoing, later)

    def _due(self, first: int) -> datetime | None:
        if self._within is None:
            return None
        return milliseconds_after(first + self._within)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple([element.name for element in self.elements])

    @property
    def _within(self) -> int | None:
        """Return the length of the window in microseconds."""
        return None if self.within is None else self.within // MICROSECOND
