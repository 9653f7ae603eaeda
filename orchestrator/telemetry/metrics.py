"""Every Prometheus metric of a process, in a registry of its own. Knows nothing of HTTP.

Labels are bounded: types come from the catalog, rules from the rulebook, reasons and outcomes from
closed lists. What arrives over the wire never becomes a label unseen.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from orchestrator import __version__

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PREFIX: Final = "orchestrator"
UNKNOWN: Final = "unknown"
"""Label of message types that no document names."""

_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_STAGE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
_HANDLER_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30)


class Metrics:
    """What every process of ours counts, and the registry that others add to.

    ``docs/reference/metrics-and-logs.md`` explains each metric.

    Attributes:
        registry: what holds them; nothing is shared with the library's global registry, so several
            can live in one process.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # twice the series, for nobody
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Info(f"{PREFIX}_build", "The version that runs.", registry=registry)
        build.info({"version": __version__})
        self.dead_letters = Counter(
            f"{PREFIX}_dead_letters",
            "Messages given up, by reason and by the rule that failed (empty: the message itself).",
            ["reason", "rule"],
            registry=registry,
        )
        self.service_waiting = Gauge(
            f"{PREFIX}_service_waiting",
            "1 while the service is away and we wait for it.",
            ["service"],
            registry=registry,
        )

    def exposition(self) -> bytes:
        """Return all of them in the Prometheus text format."""
        return generate_latest(self.registry)


class EngineMetrics:
    """What a daemon counts beside. Made once per `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            f"{PREFIX}_events",
            "Deliveries by event type and what became of them.",
            ["type", "outcome"],
            registry=registry,
        )
        self.reactions = Counter(
            f"{PREFIX}_reactions", "Reactions committed, by rule.", ["rule"], registry=registry
        )
        self.sent = Counter(
            f"{PREFIX}_messages_sent",
            "Messages published and confirmed, by type.",
            ["type"],
            registry=registry,
        )
        self.conflicts = Counter(
            f"{PREFIX}_commit_conflicts",
            "Commits decided again because another replica was faster.",
            registry=registry,
        )
        self.defects = Counter(
            f"{PREFIX}_defects", "Errors that are defects of ours.", registry=registry
        )
        self.batch_size = Histogram(
            f"{PREFIX}_batch_size",
            "Deliveries decided together.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            f"{PREFIX}_stage_seconds",
            "Time a batch spends in each stage.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self.outbox_depth = Gauge(
            f"{PREFIX}_outbox_depth", "Reactions waiting in the outbox.", registry=registry
        )
        self.outbox_oldest_seconds = Gauge(
            f"{PREFIX}_outbox_oldest_seconds",
            "Age of the oldest reaction in the outbox.",
            registry=registry,
        )
        self.outbox_republished = Counter(
            f"{PREFIX}_outbox_republished",
            "Reactions the sweeper had to send again.",
            registry=registry,
        )
        self.reloads = Counter(
            f"{PREFIX}_reloads",
            "Attempts to load the rulebook, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.reload_successful = Gauge(
            f"{PREFIX}_reload_successful",
            "1 while the newest rules and schemas run; 0 while they are refused.",
            registry=registry,
        )
        self.rulebook = Gauge(
            f"{PREFIX}_rulebook_info", "The rulebook that runs.", ["revision"], registry=registry
        )
        self.rulebook_rules = Gauge(
            f"{PREFIX}_rulebook_rules", "Definitions in the rulebook that runs.", registry=registry
        )
        self.old_revision_instances = Gauge(
            f"{PREFIX}_old_revision_instances",
            "Instances open under a wording of a rule that is in no file any more.",
            ["rule", "revision"],
            registry=registry,
        )


class ServiceMetrics:
    """What a process with consumer services counts beside. Made once per `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.consumer_attempts = Counter(
            f"{PREFIX}_consumer_attempts",
            "Attempts to handle a message, by what became of them.",
            ["service", "type", "outcome"],
            registry=registry,
        )
        self.handler_seconds = Histogram(
            f"{PREFIX}_handler_seconds",
            "Time a handler takes.",
            ["service", "type"],
            buckets=_HANDLER_SECONDS,
            registry=registry,
        )
        self.consumer_paused = Gauge(
            f"{PREFIX}_consumer_paused",
            "1 while a consumer is paused because what it depends on is down.",
            ["service"],
            registry=registry,
        )
