"""An observer of an engine that forgets nothing, for tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.event import Delivery
    from orchestrator.engine.engine import Engine
    from orchestrator.engine.report import BatchReport


@dataclass
class Ledger:
    """An observer that remembers everything, and stops the engine after enough deliveries."""

    enough: int = 10**9
    engine: Engine | None = None
    reports: list[BatchReport] = field(default_factory=list)
    waits: list[tuple[str, str]] = field(default_factory=list)
    defects: list[Exception] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    old: list[tuple[dict[Any, int], dict[Any, str]]] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)
    sweeps: list[tuple[int, int]] = field(default_factory=list)
    recoveries: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return once it is so; looked at whenever the engine reports something."""
        async with asyncio.timeout(5):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def batch_done(self, report: BatchReport) -> None:
        self._news.set()
        self.reports.append(report)
        self.enough -= report.size
        if self.enough <= 0 and self.engine is not None:
            self.engine.stop()

    def defect(self, error: Exception, delivery: Delivery | None = None) -> None:
        del delivery
        self.defects.append(error)

    def reloaded(self, revision: str, rules: int) -> None:
        del rules
        self.loaded.append(revision)

    def old_revisions(self, opened: Any, lost: Any) -> None:
        self.old.append((dict(opened), dict(lost)))

    def reload_refused(self, problems: tuple[str, ...]) -> None:
        self.refused.append(problems)

    def waiting(self, service: str, reason: str, seconds: float) -> None:
        del seconds
        self._news.set()
        self.waits.append((service, reason))

    def recovered(self, service: str) -> None:
        self.recoveries.append(service)

    def given_up(self, service: str) -> None:
        self.abandoned.append(service)

    def swept(self, republished: int, depth: int, oldest_seconds: float) -> None:
        del oldest_seconds
        self._news.set()
        self.sweeps.append((republished, depth))

    @property
    def events(self) -> Counter[tuple[str, str]]:
        """How many deliveries of a type had which outcome."""
        total: Counter[tuple[str, str]] = Counter()
        for report in self.reports:
            total.update(report.events)
        return total
