from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.catalog import Catalog, read_catalog, read_schema_files
from orchestrator.core.decision import Definition, Signal
from orchestrator.core.event import Event
from orchestrator.core.ids import event_identity, reaction_id
from orchestrator.core.scope import Scope

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

Sent = Callable[[Definition, str, object], list[tuple[str, Any]]]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The message types this project ships."""
    catalog, problems = read_catalog(read_schema_files(ROOT / "schemas"))
    assert catalog is not None, problems
    return catalog


@pytest.fixture(scope="session")
def sent() -> Sent:
    """Return type and data of what a definition sends on an event."""
    return decide


def decide(definition: Definition, event_type: str, data: object) -> list[tuple[str, Any]]:
    """Return type and data of what a definition sends on an event."""
    event = Event(
        type=event_type,
        id="e1",
        source="test",
        subject="C-991",
        time=NOW,
        data=data,
        correlation_id="C-991",
        causation_id=None,
        traceparent=None,
        identity=event_identity("test", event_type, "e1"),
    )
    reaction = reaction_id(event.identity, definition.name)
    signal = Signal(event, reaction, NOW, "test", Scope(event, NOW))
    if definition.guard is not None and not definition.guard.holds(signal.scope):
        return []
    return [(message.type, message.data) for message in definition.decide(None, signal).outgoing]
