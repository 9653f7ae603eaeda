"""What the engine reports arrives in the metrics, in health and in the logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from orchestrator.core.event import Delivery
from orchestrator.core.retired import Revision
from orchestrator.engine.report import BatchReport, DeadLetter
from orchestrator.errors import BadMessage
from orchestrator.telemetry.engine_observer import EngineTelemetry
from orchestrator.telemetry.health import Health
from orchestrator.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from orchestrator.engine.report import Observer


class Watched:
    """An observer with what it writes to."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.health = Health("broker", "rulebook")
        self.observer: Observer = EngineTelemetry(
            self.metrics, self.health, {"ComplaintFiled"}.__contains__
        )

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample, None if there is none."""
        return self.metrics.registry.get_sample_value(f"orchestrator_{name}", labels)


@pytest.fixture
def watched() -> Watched:
    """An observer nobody has told anything yet."""
    return Watched()


def test_a_batch_is_counted(watched: Watched) -> None:
    """Rates, outcomes and latencies are what operators watch."""
    watched.observer.batch_done(
        BatchReport(
            size=3,
            events={("ComplaintFiled", "reacted"): 2, ("ComplaintFiled", "duplicate"): 1},
            reactions={"intake": 2},
            sent={"SendAcknowledgment": 2},
            conflicts=1,
            seconds={"commit": 0.004},
        )
    )

    assert watched.value("events_total", type="ComplaintFiled", outcome="reacted") == 2
    assert watched.value("events_total", type="ComplaintFiled", outcome="duplicate") == 1
    assert watched.value("reactions_total", rule="intake") == 2
    assert watched.value("messages_sent_total", type="SendAcknowledgment") == 2
    assert watched.value("commit_conflicts_total") == 1
    assert watched.value("batch_size_sum") == 3
    assert watched.value("stage_seconds_sum", stage="commit") == 0.004


def test_types_that_no_document_names_share_one_label(watched: Watched) -> None:
    """Otherwise anybody who can publish can fill the memory of the process and of Prometheus."""
    for number in range(50):
        watched.observer.batch_done(BatchReport(size=1, events={(f"T{number}", "ignored"): 1}))

    assert watched.value("events_total", type="unknown", outcome="ignored") == 50
    assert watched.value("events_total", type="T7", outcome="ignored") is None


def test_a_dead_letter_is_counted_and_logged_with_its_case(watched: Watched) -> None:
    """Whoever asks about C-991 searches the logs for C-991."""
    dead_letter = DeadLetter("ComplaintFiled", "C-991", "intake", BadMessage("no-type", "no type"))
    with capture_logs() as lines:
        watched.observer.batch_done(BatchReport(size=1, dead_letters=[dead_letter]))

    assert watched.value("dead_letters_total", reason="no-type", rule="intake") == 1
    assert lines[0] == {
        "event": "dead_lettered",
        "log_level": "warning",
        "correlation_id": "C-991",
        "type": "ComplaintFiled",
        "rule": "intake",
        "reason": "no-type",
        "error": "no type",
    }


def test_a_defect_is_counted_and_logged_with_its_traceback(watched: Watched) -> None:
    """It is ours to mend, and the traceback says where."""
    error = ValueError("impossible")
    with capture_logs() as lines:
        watched.observer.defect(error, Delivery(b"", message_id="m-1", correlation_id="C-991"))

    assert watched.value("defects_total") == 1
    assert lines == [
        {
            "event": "defect",
            "log_level": "error",
            "correlation_id": "C-991",
            "message_id": "m-1",
            "type": None,
            "exc_info": error,
        }
    ]


def test_only_the_rulebook_that_runs_is_shown(watched: Watched) -> None:
    """Two revisions at 1 would say that both run."""
    watched.observer.reloaded("aaa", 3)
    watched.observer.reloaded("bbb", 4)

    assert watched.value("rulebook_info", revision="aaa") is None
    assert watched.value("rulebook_info", revision="bbb") == 1
    assert watched.value("rulebook_rules") == 4
    assert watched.health.readiness().rulebook == "bbb"


def test_an_old_wording_is_told_when_it_appears_is_lost_and_goes(watched: Watched) -> None:
    """Each once: it is looked at every few seconds, for as long as a case may take."""
    old = Revision("join", "0123456789ab")
    labels = {"rule": "join", "revision": "0123456789ab"}
    looks: list[tuple[dict[Revision, int], dict[Revision, str]]] = [
        ({old: 2}, {}),
        ({old: 3}, {}),
        ({old: 3}, {old: "no text"}),
        ({old: 1}, {old: "no text"}),
    ]
    with capture_logs() as lines:
        shown = []
        for opened, lost in looks:
            watched.observer.old_revisions(opened, lost)
            shown.append(watched.value("old_revision_instances", **labels))
        watched.observer.old_revisions({}, {})

    assert shown == [2, 3, 3, 1]
    assert watched.value("old_revision_instances", **labels) is None
    assert lines == [
        {"event": "old_revision_open", "log_level": "info", "instances": 2, **labels},
        {
            "event": "old_revision_unreadable",
            "log_level": "error",
            "instances": 3,
            "reason": "no text",
            **labels,
        },
        {"event": "old_revision_gone", "log_level": "info", **labels},
    ]


def test_a_refused_reload_is_visible_until_a_good_one(watched: Watched) -> None:
    """An alert goes by the gauge; it must fall back when the file is mended."""
    watched.observer.reloaded("aaa", 3)
    watched.observer.reload_refused(("rules/a.yaml:1:1: error: no",))
    assert watched.value("reload_successful") == 0
    assert watched.value("reloads_total", outcome="refused") == 1
    assert watched.health.readiness().refused == ("rules/a.yaml:1:1: error: no",)

    watched.observer.reloaded("aaa", 3)
    assert watched.value("reload_successful") == 1
    assert watched.value("rulebook_info", revision="aaa") == 1
    assert watched.health.readiness().refused == ()


def test_a_service_that_is_away_makes_the_process_unready_until_it_is_back(
    watched: Watched,
) -> None:
    """The reason has to be in the readiness answer, not only in the logs."""
    watched.observer.waiting("broker", "connection refused", 2.0)
    assert watched.value("service_waiting", service="broker") == 1
    assert watched.health.readiness().not_ready["broker"] == "connection refused"

    watched.observer.recovered("broker")
    assert watched.value("service_waiting", service="broker") == 0
    assert "broker" not in watched.health.readiness().not_ready


def test_the_outbox_is_shown(watched: Watched) -> None:
    """A growing outbox means that nothing leaves any more."""
    watched.observer.swept(2, 5, 31.5)

    assert watched.value("outbox_depth") == 5
    assert watched.value("outbox_oldest_seconds") == 31.5
    assert watched.value("outbox_republished_total") == 2
