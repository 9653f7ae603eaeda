"""What became of a delivery, as a value for metrics and logs. Knows no Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

OutcomeKind = Literal["replied", "repeated", "ignored", "retried", "given-up"]
"""Of one delivery: the handler succeeded; it had succeeded before and its reply was sent again; no
handler wants the type; it will be tried again; it became a dead letter."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one delivery.

    Attributes:
        service: who handled it.
        type: message type, as far as it could be read. Not bounded: it came over the wire.
        outcome: what became of it.
        message_id: the message's id, as far as it could be read.
        correlation_id: as far as it could be read.
        attempt: which attempt this was, from 1.
        seconds: how long the handler took; 0 when it did not run.
        reason: why it was given up, a short stable word; None otherwise.
        error: what went wrong, on one line; None when nothing did.
        exception: what the handler raised unforeseen, with its traceback; None otherwise.
    """

    service: str
    type: str
    outcome: OutcomeKind
    message_id: str
    correlation_id: str
    attempt: int = 1
    seconds: float = 0.0
    reason: str | None = None
    error: str | None = None
    exception: Exception | None = None


class Observer(Protocol):
    """Hears what a consumer service did, after it is durable. Must not raise and must not block."""

    def handled(self, report: Handled) -> None:
        """A delivery is finished: its messages are confirmed and it is acknowledged."""

    def paused(self, service: str, reason: str, seconds: float) -> None:
        """`service` stops handling because what it depends on is down; it probes in `seconds`."""

    def resumed(self, service: str) -> None:
        """The probe of `service` succeeded."""

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        """The broker, the store or a service's own resource is away; next try in `seconds`."""

    def recovered(self, service: str) -> None:
        """What `waiting` spoke of is back."""

    def given_up(self, service: str) -> None:
        """Who waited for it was stopped: nobody knows whether it is back."""
