"""Turns what a consumer service reports into metrics, health and log lines. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.telemetry import log_events
from orchestrator.telemetry.availability import Availability
from orchestrator.telemetry.metrics import UNKNOWN, ServiceMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.service.report import Handled
    from orchestrator.telemetry.health import Health
    from orchestrator.telemetry.metrics import Metrics


class ServiceTelemetry(Availability):
    """A ``service.report.Observer``, for any number of services in one process."""

    def __init__(self, metrics: Metrics, health: Health, knows: Callable[[str], bool]) -> None:
        """Write to `metrics` and `health`.

        Args:
            metrics: the process's.
            health: the process's.
            knows: whether the catalog names a message type; others share one label.
        """
        super().__init__(metrics, health)
        self._services = ServiceMetrics(metrics.registry)
        self._knows = knows

    def handled(self, report: Handled) -> None:
        """Count what became of a delivery, and log it."""
        metrics = self._services
        known = report.type if self._knows(report.type) else UNKNOWN
        metrics.consumer_attempts.labels(report.service, known, report.outcome).inc()
        if report.seconds:
            metrics.handler_seconds.labels(report.service, known).observe(report.seconds)
        match report.outcome:
            case "given-up":
                self._metrics.dead_letters.labels(report.reason or "", "").inc()
                self._log.warning(log_events.DEAD_LETTERED, **_facts(report))
            case "retried":
                self._log.warning(log_events.HANDLER_RETRIED, **_facts(report))
            case "replied" | "repeated":
                self._log.info(log_events.HANDLED, **_facts(report))
            case "ignored":
                self._log.debug(log_events.HANDLED, **_facts(report))

    def paused(self, service: str, reason: str, seconds: float) -> None:
        """Show that `service` waits for what it depends on."""
        self._services.consumer_paused.labels(service).set(1)
        self._health.not_ready(service, f"paused: {reason}")
        self._log.warning(
            log_events.CONSUMER_PAUSED,
            service=service,
            reason=reason,
            retry_seconds=round(seconds, 2),
        )

    def resumed(self, service: str) -> None:
        """Show that `service` works again."""
        self._services.consumer_paused.labels(service).set(0)
        self._health.ready(service)
        self._log.info(log_events.CONSUMER_RESUMED, service=service)


def _facts(report: Handled) -> dict[str, object]:
    """Return what there is to say about a delivery."""
    facts: dict[str, object] = {
        "correlation_id": report.correlation_id,
        "message_id": report.message_id,
        "service": report.service,
        "type": report.type,
        "outcome": report.outcome,
        "attempt": report.attempt,
        "milliseconds": round(report.seconds * 1000, 1),
        "reason": report.reason,
        "error": report.error,
        "exc_info": report.exception,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
