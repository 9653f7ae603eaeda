"""What is shown of services that a process waits for, whatever kind of process it is."""

from __future__ import annotations

from orchestrator.telemetry.availability import Availability
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics


def test_an_alarm_makes_the_process_unready_until_it_is_over() -> None:
    """Nothing leaves meanwhile; that something else of the broker is back does not end it."""
    metrics, health = Metrics(), Health()
    shown = Availability(metrics, health)

    def gauge() -> float | None:
        labels = {"service": "publishing"}
        return metrics.registry.get_sample_value("orchestrator_service_waiting", labels)

    shown.alarmed("low on memory")
    shown.recovered("broker")
    assert gauge() == 1
    assert health.readiness().not_ready == {"publishing": "low on memory"}

    shown.alarmed(None)
    assert gauge() == 0
    assert health.readiness().ready
