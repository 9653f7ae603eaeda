"""What the runtime would tell a handler."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import structlog

from orchestrator.core.event import Event
from orchestrator.core.ids import Identity
from orchestrator.service import Context

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)  # a Sunday

R = TypeVar("R")


def context(resources: R, key: str = "k1", case: str = "case-991") -> Context[R]:
    """Return the first attempt at a message about `case`; `key` is the same when it comes again."""
    event = Event(
        type="Anything",
        id="m-1",
        source="orchestrator",
        subject="C-991",
        time=NOW,
        data={},
        correlation_id=case,
        causation_id=None,
        traceparent=None,
        identity=Identity(b"0" * 16),
    )
    return Context(
        event=event,
        attempt=1,
        idempotency_key=key,
        now=NOW,
        log=structlog.get_logger(),
        resources=resources,
    )
