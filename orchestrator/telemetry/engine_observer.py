"""Turns what the engine reports into metrics, health and log lines. Decides nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from orchestrator.core.deadletter import MAX_ERROR_LENGTH
from orchestrator.telemetry import log_events
from orchestrator.telemetry.availability import Availability
from orchestrator.telemetry.metrics import UNKNOWN, EngineMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.event import Delivery
    from orchestrator.core.retired import Revision
    from orchestrator.engine.report import BatchReport, DeadLetter
    from orchestrator.telemetry.health import Health
    from orchestrator.telemetry.metrics import Metrics


class EngineTelemetry(Availability):
    """An ``engine.report.Observer``."""

    def __init__(self, metrics: Metrics, health: Health, knows: Callable[[str], bool]) -> None:
        """Write to `metrics` and `health`.

        Args:
            metrics: the process's.
            health: the process's.
            knows: whether the catalog in use names an event type. Others share one label, so that
                nobody can fill our memory, or Prometheus's, from outside.
        """
        super().__init__(metrics, health)
        self._engine = engine = EngineMetrics(metrics.registry)
        # Labels are bounded, and looking a series up costs more than counting on it.
        self._events = cache(engine.events.labels)
        self._reactions = cache(engine.reactions.labels)
        self._sent = cache(engine.sent.labels)
        self._stages = cache(engine.stage_seconds.labels)
        self._knows = knows
        self._revision: str | None = None
        self._old: Mapping[Revision, str | None] = {}

    def batch_done(self, report: BatchReport) -> None:
        """Count what a batch did."""
        metrics = self._engine
        metrics.batch_size.observe(report.size)
        for (event_type, outcome), count in report.events.items():
            self._events(self._known(event_type), outcome).inc(count)
        for rule, count in report.reactions.items():
            self._reactions(rule).inc(count)
        for message_type, count in report.sent.items():
            self._sent(message_type).inc(count)
        for stage, seconds in report.seconds.items():
            self._stages(stage).observe(seconds)
        if report.conflicts:
            metrics.conflicts.inc(report.conflicts)
        for dead_letter in report.dead_letters:
            self._given_up(dead_letter)
        self._log.debug(
            log_events.BATCH_DONE,
            size=report.size,
            reactions=report.reactions,
            sent=report.sent,
            conflicts=report.conflicts,
        )

    def defect(self, error: Exception, delivery: Delivery | None = None) -> None:
        """Show where a defect of ours is, and which message met it, if any."""
        self._engine.defects.inc()
        met = delivery and {
            "correlation_id": delivery.correlation_id,
            "message_id": delivery.message_id,
            "type": delivery.type,
        }
        self._log.error(log_events.DEFECT, **(met or {}), exc_info=error)

    def reloaded(self, revision: str, rules: int) -> None:
        """Show the new rulebook."""
        metrics = self._engine
        metrics.reloads.labels("accepted").inc()
        metrics.reload_successful.set(1)
        metrics.rulebook_rules.set(rules)
        if self._revision not in {None, revision}:
            metrics.rulebook.remove(self._revision)
        metrics.rulebook.labels(revision).set(1)
        self._revision = revision
        self._health.rulebook_runs(revision)
        self._log.info(log_events.RULEBOOK_LOADED, revision=revision, rules=rules)

    def old_revisions(self, opened: Mapping[Revision, int], lost: Mapping[Revision, str]) -> None:
        """Show what stays on old wordings; a log line whenever one appears, is lost or is gone."""
        gauge = self._engine.old_revision_instances
        for gone in self._old.keys() - opened.keys():
            gauge.remove(*gone)
            self._log.info(log_events.OLD_REVISION_GONE, rule=gone.name, revision=gone.revision)
        for revision, number in opened.items():
            gauge.labels(*revision).set(number)
            told = {"rule": revision.name, "revision": revision.revision, "instances": number}
            why = lost.get(revision)
            if why is not None and self._old.get(revision, "") != why:
                self._log.error(log_events.OLD_REVISION_UNREADABLE, **told, reason=why)
            elif revision not in self._old:
                self._log.info(log_events.OLD_REVISION_OPEN, **told)
        self._old = {revision: lost.get(revision) for revision in opened}

    def reload_refused(self, problems: tuple[str, ...]) -> None:
        """Show what is wrong with the files; what runs keeps running."""
        self._engine.reloads.labels("refused").inc()
        self._engine.reload_successful.set(0)
        self._health.rulebook_refused(problems)
        self._log.error(
            log_events.RULEBOOK_REFUSED, problems=list(problems), running=self._revision
        )

    def swept(self, republished: int, depth: int, oldest_seconds: float) -> None:
        """Show the outbox."""
        metrics = self._engine
        metrics.outbox_depth.set(depth)
        metrics.outbox_oldest_seconds.set(oldest_seconds)
        if republished:
            metrics.outbox_republished.inc(republished)
            self._log.warning(
                log_events.OUTBOX_SWEPT,
                republished=republished,
                depth=depth,
                oldest_seconds=oldest_seconds,
            )

    def _given_up(self, dead_letter: DeadLetter) -> None:
        reason = dead_letter.error.reason
        self._metrics.dead_letters.labels(reason, dead_letter.rule or "").inc()
        self._log.warning(
            log_events.DEAD_LETTERED,
            correlation_id=dead_letter.correlation_id,
            type=dead_letter.event_type,
            rule=dead_letter.rule,
            reason=reason,
            error=str(dead_letter.error)[:MAX_ERROR_LENGTH],
        )

    def _known(self, event_type: str) -> str:
        return event_type if self._knows(event_type) else UNKNOWN
