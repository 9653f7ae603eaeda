"""The analytics service: keeps the list of employers that stand out. Knows no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from typing import Final

from consumers.analytics.ledger import Ledger, monday
from consumers.messages.analytics import (
    CompileDigest,
    DigestCompiled,
    RecordRepeatOffender,
    RepeatOffenderRecorded,
)
from consumers.store import open_store
from orchestrator.service import Context, Service

LINES: Final = 50
"""How many lines a digest has at most; those who stood out most often come first."""


@asynccontextmanager
async def open_ledger() -> AsyncIterator[Ledger]:
    """Open the notes."""
    async with open_store("analytics") as store:
        yield Ledger(store)


service = Service("analytics", channels=["analytics.v1"], resources=open_ledger)


@service.on("RecordRepeatOffender")
async def record(command: RecordRepeatOffender, context: Context[Ledger]) -> RepeatOffenderRecorded:
    """Put the employer on the list once more."""
    times = await context.resources.note_offender(
        command.employer, context.idempotency_key, context.event.time.date()
    )
    return RepeatOffenderRecorded(
        employer=command.employer, complaint=command.complaint, times=times
    )


@service.on("CompileDigest")
async def compile_digest(command: CompileDigest, context: Context[Ledger]) -> DigestCompiled:
    """Sum up the last whole week before the moment that the command names."""
    week = monday(command.until.astimezone(UTC).date()) - timedelta(weeks=1)
    counts = await context.resources.week(week)
    lines = [f"{name}: {times}\n" for name, times in counts.items()][:LINES]
    return DigestCompiled(
        week=week,
        alerts=sum(counts.values()),
        text="".join(lines) or "Nobody stood out.\n",
    )
