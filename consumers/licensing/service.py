"""The licensing service. The audit is the correlation key. Knows no folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumers.documents import Documents, open_documents
from consumers.licensing.report import MEDIA_TYPE, answer_by, report
from consumers.messages.licensing import (
    GenerateReport,
    NoticeIssued,
    NotifyTribeCouncil,
    ReportGenerated,
)
from orchestrator.service import Context, Service


@asynccontextmanager
async def open_store() -> AsyncIterator[Documents]:
    """Open the document store."""
    yield open_documents()


service = Service("licensing", channels=["licensing.v1"], resources=open_store)


@service.on("GenerateReport")
async def generate(command: GenerateReport, context: Context[Documents]) -> ReportGenerated:
    """Write the report into the document store. A second attempt writes the same document."""
    text = report(command, context.correlation_id, context.event.time.date())
    check = await context.resources.put(text.encode(), MEDIA_TYPE)
    return ReportGenerated(
        casino=command.casino, council=command.council, period=command.period, report=check
    )


@service.on("NotifyTribeCouncil")
async def notify(command: NotifyTribeCouncil, context: Context[Documents]) -> NoticeIssued:
    """Give notice, with a day by which to answer if there is something to answer."""
    return NoticeIssued(
        casino=command.casino,
        council=command.council,
        period=command.period,
        findings=command.findings,
        notice=f"N-{context.correlation_id}",
        answer_by=answer_by(command.findings, context.event.time.date()),
    )
