"""Definitions without files for engine tests: a plain rule, a join and one that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.core.decision import (
    Decision,
    Elapsed,
    Instance,
    Later,
    Signal,
    emit,
    forget,
    remember,
)
from orchestrator.core.definitions import Action, Rule, Rulebook
from orchestrator.core.event import Event, Outgoing
from orchestrator.core.ids import message_id
from orchestrator.core.problem import Position
from tests.engine.messages import CHANNEL

if TYPE_CHECKING:
    from orchestrator.core.scope import Scope

HERE = Position("test.yaml", 1, 1)
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Contract:
    """A message type that accepts everything."""

    name: str
    channel: str

    def validate(self, data: object) -> None:
        """Accept."""


def rule(name: str, trigger: str, *commands: str, **changes: Any) -> Rule:
    """Return a rule that sends `commands` on `trigger`, with the event's data."""
    actions = tuple(
        Action(Contract(command, "notify.v1"), None, None, None, "item", HERE)
        for command in commands
    )
    attributes: dict[str, Any] = {
        "name": name,
        "revision": "0123456789ab",
        "description": "",
        "triggers": (trigger,),
        "guard": None,
        "actions": actions,
        "for_each": None,
        "item_name": "item",
        "position": HERE,
    }
    return Rule(**(attributes | changes))


@dataclass(frozen=True)
class Remembering:
    """What definitions that remember a case as one piece have in common."""

    name: str
    revision: str
    triggers: tuple[str, ...]
    stateful: bool = True

    def condition(self, event_type: str) -> None:
        """Want every event."""
        del event_type

    def key(self, event: Event, scope: Scope) -> str:
        """Return the correlation key."""
        del scope
        return event.correlation_id

    def pieces(self, event: Event) -> tuple[str, ...]:
        """Return none."""
        del event
        return ()

    def recalls(self, event_type: str) -> bool:
        """Return False."""
        del event_type
        return False


def sending(
    signal: Signal | Elapsed, kind: str, data: object = None, *, key: str, cause: str | None = None
) -> Outgoing:
    """Return the one message of a reaction, with the id that follows from it."""
    return Outgoing(
        id=message_id(signal.reaction, 0),
        type=kind,
        channel="notify.v1",
        source=signal.source,
        time=signal.now,
        data=data,
        correlation_id=key,
        causation_id=cause,
    )


@dataclass(frozen=True)
class Pairs(Remembering):
    """A stateful definition: every second event of a key sends one ``Paired`` with both ids."""

    name: str = "pairs"
    revision: str = "aaaaaaaaaaaa"
    triggers: tuple[str, ...] = ("Filed",)

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Remember the first, pair it with the second."""
        assert isinstance(signal, Signal), "it sets no timer"
        event = signal.event
        if instance is None:
            return remember(event.id.encode())
        both = sorted([instance.state.decode(), event.id])
        paired = sending(signal, "Paired", both, key=event.correlation_id, cause=event.id)
        return forget((paired,))


@dataclass(frozen=True)
class Reminder(Remembering):
    """A definition that asks after an hour without an answer, and sends thanks two hours later."""

    name: str = "reminder"
    revision: str = "bbbbbbbbbbbb"
    triggers: tuple[str, ...] = ("Filed", "Answered")

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Wait for the answer, or for the hour."""
        if isinstance(signal, Elapsed):
            assert instance is not None
            return forget((sending(signal, "Remind", signal.key, key="C"),))
        if signal.event.type == "Answered":
            return forget()
        thank = sending(signal, "Thank", signal.event.id, key="C")
        thanks = Later(signal.now + 2 * PATIENCE, thank)
        if instance is not None:
            return emit((), (thanks,))
        return remember(b"", signal.event.time + PATIENCE, later=(thanks,))


def rulebook(*definitions: Any) -> Rulebook:
    """Return a rulebook of `definitions`."""
    types = {trigger for definition in definitions for trigger in definition.triggers}
    return Rulebook("r1", definitions, {name: Contract(name, CHANNEL) for name in types})
