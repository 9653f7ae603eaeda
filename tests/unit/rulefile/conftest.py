from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.catalog import Catalog, read_catalog, read_schema_files
from orchestrator.core.decision import Definition, Instance, Signal
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.scope import Scope

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

Sent = Callable[[Definition, str, object], list[tuple[str, Any]]]
Played = Callable[..., list[tuple[str, Any]]]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The message types this project ships."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    return catalog


@pytest.fixture(scope="session")
def sent() -> Sent:
    """Return type and data of what a definition sends on an event."""
    return lambda definition, event_type, data: play(definition, (event_type, data))


@pytest.fixture(scope="session")
def played() -> Played:
    """Return type and data of what a definition sends on events, one after another."""
    return play


def play(definition: Definition, *events: tuple[str, object]) -> list[tuple[str, Any]]:
    """Return type and data of what a definition sends on events of one key."""
    sent: list[tuple[str, Any]] = []
    instance: Instance | None = None
    for number, (event_type, data) in enumerate(events, start=1):
        signal = signal_of(definition, event_type, data, f"e{number}")
        holds = definition.condition(event_type)
        if holds is None or holds(signal.scope):
            decision = definition.decide(instance, signal)
            if decision.writes:
                state = decision.state
                instance = None if state is None else Instance(signal.reaction, state)
            sent += [(message.type, message.data) for message in decision.outgoing]
    return sent


def signal_of(definition: Definition, event_type: str, data: object, event_id: str) -> Signal:
    """Return the signal of an event at `NOW` plus as many seconds as its id says."""
    time = NOW + timedelta(seconds=int(event_id[1:]))
    event = Event(
        type=event_type,
        id=event_id,
        source="test",
        subject="C-991",
        time=time,
        data=data,
        correlation_id="C-991",
        causation_id=None,
        traceparent=None,
        identity=event_identity("test", event_type, event_id),
    )
    reaction = reaction_id(event.identity, definition.name)
    return Signal(event, reaction, time, "test", Scope(event, time))
