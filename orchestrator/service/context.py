"""What a handler is told besides the message. Can do nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from typing_extensions import TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from structlog.typing import FilteringBoundLogger

    from orchestrator.core.event import Event

R = TypeVar("R", default=None)
"""What a service opens once and shares among its handlers."""


@dataclass(frozen=True, slots=True)
class Context(Generic[R]):
    """One attempt to handle one message.

    Attributes:
        event: the message in its envelope.
        attempt: which attempt this is, from 1.
        idempotency_key: the same on every attempt and redelivery of the message, and different for
            every message and service. Hand it to whatever you change outside (a mail's id, a
            payment's reference), so that a repeated attempt changes nothing a second time.
        now: when the attempt began, aware, UTC.
        log: a logger that already names the service, the message and the correlation key.
        resources: what the service's ``resources`` opened.
    """

    event: Event
    attempt: int
    idempotency_key: str
    now: datetime
    log: FilteringBoundLogger
    resources: R

    @property
    def correlation_id(self) -> str:
        """The correlation key: everything about one case shares it."""
        return self.event.correlation_id
