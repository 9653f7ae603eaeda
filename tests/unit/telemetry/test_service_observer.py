"""What consumer services report arrives in the metrics, in health and in the logs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from orchestrator.service.report import Handled
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.service_observer import ServiceTelemetry

if TYPE_CHECKING:
    from orchestrator.service.report import Observer, OutcomeKind

REPORT = Handled("notify", "SendAcknowledgment", "replied", "m-1", "C-991", 1, 0.25)


class Watched:
    """An observer with what it writes to."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.health = Health("broker")
        self.observer: Observer = ServiceTelemetry(
            self.metrics, self.health, {"SendAcknowledgment"}.__contains__
        )

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample, None if there is none."""
        return self.metrics.registry.get_sample_value(f"orchestrator_{name}", labels)


@pytest.fixture
def watched() -> Watched:
    """An observer nobody has told anything yet."""
    return Watched()


@pytest.mark.parametrize("outcome", ["replied", "repeated", "ignored", "retried", "given-up"])
def test_every_attempt_is_counted_by_its_outcome(watched: Watched, outcome: OutcomeKind) -> None:
    """The share of retries is the first sign that something a service needs is failing."""
    watched.observer.handled(replace(REPORT, outcome=outcome))

    labels = {"service": "notify", "type": "SendAcknowledgment"}
    assert watched.value("consumer_attempts_total", **labels, outcome=outcome) == 1
    assert watched.value("handler_seconds_sum", **labels) == 0.25


def test_types_that_no_document_names_share_one_label(watched: Watched) -> None:
    """Otherwise anybody who can publish can fill the memory of the process."""
    watched.observer.handled(replace(REPORT, type="T1", outcome="ignored"))

    labels = {"service": "notify", "outcome": "ignored"}
    assert watched.value("consumer_attempts_total", type="unknown", **labels) == 1
    assert watched.value("consumer_attempts_total", type="T1", **labels) is None


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("handled", "replied"),
        ("handled", "repeated"),
        ("handler_retried", "retried"),
        ("dead_lettered", "given-up"),
    ],
)
def test_every_line_names_the_case(watched: Watched, line: str, outcome: OutcomeKind) -> None:
    """Whoever asks about C-991 searches the logs for C-991."""
    with capture_logs() as lines:
        watched.observer.handled(replace(REPORT, outcome=outcome))

    assert [(found["event"], found["correlation_id"]) for found in lines] == [(line, "C-991")]


def test_a_dead_letter_is_counted_by_its_reason(watched: Watched) -> None:
    """Dead letters of services and of rules are one figure to watch."""
    watched.observer.handled(replace(REPORT, outcome="given-up", reason="rejected", error="no"))

    assert watched.value("dead_letters_total", reason="rejected", rule="") == 1


def test_a_process_without_rules_has_no_metrics_of_rules(watched: Watched) -> None:
    """A gauge that stays 0 there would raise the alert for refused reloads."""
    assert watched.value("reload_successful") is None


def test_a_paused_service_makes_the_process_unready(watched: Watched) -> None:
    """It takes nothing while the mail server is down; whoever looks must see why."""
    watched.observer.recovered("broker")
    watched.observer.paused("notify", "no answer from 127.0.0.1:25", 5)
    assert watched.health.readiness().not_ready == {"notify": "paused: no answer from 127.0.0.1:25"}
    assert watched.value("consumer_paused", service="notify") == 1

    watched.observer.resumed("notify")
    assert watched.health.readiness().ready
    assert watched.value("consumer_paused", service="notify") == 0


def test_no_password_is_told_of_what_is_waited_for(watched: Watched) -> None:
    """Anybody may ask whether a process is ready; libraries quote the URL that does not answer."""
    watched.observer.paused("billing", "no answer from postgres://pay:hunter2@db/ledger", 1.0)
    told = watched.health.readiness().not_ready["billing"]
    assert told == "paused: no answer from postgres://pay:***@db/ledger"
