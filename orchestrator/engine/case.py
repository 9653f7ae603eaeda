"""What is decided and committed together: a definition, a key, and events for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.ports import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.decision import Definition, Instance, Signal
    from orchestrator.core.event import Delivery, Event
    from orchestrator.core.ids import ReactionId
    from orchestrator.engine.report import EventOutcome


@dataclass(slots=True)
class Intake:
    """One delivery that could be read, and what became of it so far.

    Attributes:
        delivery: the message.
        event: what it says.
        outcome: what became of it so far.
        asked: whether rules want events of its type, and each of them was asked.
    """

    delivery: Delivery
    event: Event
    outcome: EventOutcome = "ignored"
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event that a definition wants, ready to be decided."""

    intake: Intake
    signal: Signal


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided and committed together: a definition, a key, and the triggers for them.

    A stateless definition has one trigger per case. The triggers of a stateful one are decided one
    after another on the running state.

    Attributes:
        wanted: the pieces that were found to be needed; None for no more than the events tell.
        retired: whether the definition is an old wording, which begins nothing.
        stray: whether it has to be found out first which wording decides.
    """

    definition: Definition
    key: str
    triggers: Sequence[Trigger]
    wanted: tuple[str, ...] | None = None
    retired: bool = False
    stray: bool = False

    @property
    def at(self) -> InstanceKey:
        """Where its instance is kept."""
        return InstanceKey(self.definition.name, self.key)

    def with_triggers(self, some: Sequence[Trigger]) -> Case:
        """Return the case with these of its triggers; itself where they are all."""
        return self if len(some) == len(self.triggers) else replace(self, triggers=some)

    def without(self, done: Sequence[ReactionId]) -> Case | None:
        """Return the case less the reactions that are `done`; None when nothing is left."""
        left = [trigger for trigger in self.triggers if trigger.signal.reaction not in done]
        return replace(self, triggers=left) if left else None

    def is_for(self, instance: Instance | None) -> bool:
        """Tell whether its definition is the one to decide on `instance`."""
        if instance is None:
            return not self.retired
        return instance.revision in {self.definition.revision, ""}

    @property
    def recalls(self) -> bool:
        """Whether what is decided first may be about an instance that has ended."""
        definition = self.definition
        return definition.stateful and definition.recalls(self.triggers[0].signal.event.type)

    def must_look_again(self, instance: Instance | None, trigger: Trigger) -> bool:
        """Tell whether more has to be known of the case than before, after `instance` was left."""
        if instance is not None and not instance.status.final:
            return False
        recalls = self.definition.recalls(trigger.signal.event.type)
        return recalls if instance is None else not recalls

    @property
    def pieces(self) -> list[str] | None:
        """The names of the pieces to load; an empty list for all, None for none."""
        if self.wanted == ():
            return []
        told = [
            name
            for trigger in self.triggers
            for name in self.definition.pieces(trigger.signal.event)
        ]
        return [*told, *(self.wanted or ())] or None


def to_load(name: str, wanted: tuple[str, ...], loaded: Sequence[str] | None) -> tuple[str, ...]:
    """Return the pieces to load for a definition: those it wants now, and those it wanted before.

    Args:
        name: of the definition.
        wanted: what it wants; empty for all.
        loaded: what was loaded because it wanted it before, likewise; None for nothing.

    Raises:
        RuntimeError: it has that already, and would want it for ever.
    """
    if loaded is None:
        return wanted
    if not loaded or (wanted and set(wanted) <= set(loaded)):
        raise RuntimeError(f"{name} wants pieces again that it has")
    return tuple(sorted({*loaded, *wanted})) if wanted else ()
