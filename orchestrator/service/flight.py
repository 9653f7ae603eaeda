"""A delivery in progress. Does nothing by itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.service.report import Handled

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.event import Delivery
    from orchestrator.service.inbox import Reply
    from orchestrator.service.outcome import Outcome
    from orchestrator.service.work import Work


@dataclass(slots=True, eq=False)
class Flight:
    """One delivery between its arrival and its acknowledgement.

    Attributes:
        delivery: as it came.
        work: what it asks for; None when there is nothing to handle.
        known: the reply the inbox had when it arrived.
        begun: its handler runs or has run; if not, stopping may drop it.
        seconds: how long the handler took.
        remembered: to be called once no redelivery runs its handler again.
        settled: resolves once everything it led to is durable, or the connection is lost.
    """

    delivery: Delivery
    work: Work | None = None
    known: Reply | None = None
    begun: bool = False
    seconds: float = 0.0
    remembered: Callable[[], None] = lambda: None
    settled: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def report(self, service: str, outcome: Outcome) -> Handled:
        """Return what to tell the observer about it."""
        event = self.work.event if self.work else None
        delivery = self.delivery
        return Handled(
            service=service,
            type=event.type if event else delivery.type or "",
            outcome=outcome.kind,
            message_id=event.id if event else delivery.message_id or "",
            correlation_id=event.correlation_id if event else delivery.correlation_id or "",
            attempt=outcome.attempt,
            seconds=self.seconds,
            reason=outcome.reason,
            error=outcome.error,
            exception=outcome.exception,
        )
