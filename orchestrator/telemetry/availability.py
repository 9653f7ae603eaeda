"""Tells which services a process waits for. Decides nothing about waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from orchestrator.telemetry import log_events

if TYPE_CHECKING:
    from orchestrator.telemetry.health import Health
    from orchestrator.telemetry.metrics import Metrics


_PUBLISHING: Final = "publishing"


class Availability:
    """What the observers of the engine and of consumer services have in common."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        """Write to the process's `metrics` and `health`."""
        self._metrics = metrics
        self._health = health
        self._log = structlog.get_logger()

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        """Show that `service` is away; the next try is in `seconds`."""
        self._away(service, reason, retry_seconds=round(seconds, 2))

    def alarmed(self, reason: str | None) -> None:
        """Show why the broker takes nothing that is published; with None, that it does again.

        It is a part of its own: the broker answers, and may go and come meanwhile.
        """
        if reason is None:
            self.recovered(_PUBLISHING)
        else:
            self._away(_PUBLISHING, reason)

    def recovered(self, service: str) -> None:
        """Show that `service` is back."""
        self.given_up(service)
        self._log.info(log_events.SERVICE_RECOVERED, service=service)

    def given_up(self, service: str) -> None:
        """Show nothing of `service` any more: whoever needs it next finds out how it is."""
        self._metrics.service_waiting.labels(service).set(0)
        self._health.ready(service)

    def _away(self, service: str, reason: str, **facts: float) -> None:
        self._metrics.service_waiting.labels(service).set(1)
        self._health.not_ready(service, reason)
        self._log.warning(log_events.SERVICE_WAITING, service=service, reason=reason, **facts)
