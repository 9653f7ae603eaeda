"""The permits service. The application is the correlation key. Knows neither tariffs nor Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from pydantic import BaseModel

from consumers.messages.permits import (
    ChargePermitFee,
    DenyPermit,
    IssuePermit,
    PermitDenied,
    PermitFeeCharged,
    PermitIssued,
    PermitReviewed,
    ReviewPermit,
)
from consumers.permits.register import Register
from consumers.permits.schedule import SCHEDULE, review, valid_until
from consumers.store import open_store
from orchestrator.service import Context, Service


class Fee(BaseModel):
    """An entry of the ledger: US dollars."""

    amount: float


class Permit(BaseModel):
    """An entry of the book of permits."""

    issued: date


@asynccontextmanager
async def open_register() -> AsyncIterator[Register]:
    """Open the office's books."""
    async with open_store("permits") as store:
        yield Register(store)


service = Service("permits", channels=["permits.v1"], resources=open_register)


@service.on("ReviewPermit")
async def decide(command: ReviewPermit, _context: Context[Register]) -> PermitReviewed:
    """Decide about an application and compute its fee."""
    verdict = review(command)
    return PermitReviewed(
        applicant=command.applicant,
        permit_type=command.permit_type,
        decision="approved" if verdict.approved else "denied",
        fee=verdict.fee,
        reasons=list(verdict.reasons),
    )


@service.on("ChargePermitFee")
async def charge(command: ChargePermitFee, context: Context[Register]) -> PermitFeeCharged:
    """Book the fee. An application is charged once, whatever is asked for later."""
    entry = await context.resources.enter("fees", context.correlation_id, Fee(amount=command.fee))
    return PermitFeeCharged(
        applicant=command.applicant,
        permit_type=command.permit_type,
        fee=entry.content.amount,
        receipt=f"R-{entry.number:06}",
    )


@service.on("IssuePermit")
async def issue(command: IssuePermit, context: Context[Register]) -> PermitIssued:
    """Give the permit a number and a term. An application leads to one permit at most."""
    tariff = SCHEDULE[command.permit_type]
    entry = await context.resources.enter(
        f"permits:{tariff.prefix}", context.correlation_id, Permit(issued=context.now.date())
    )
    return PermitIssued(
        applicant=command.applicant,
        permit_type=command.permit_type,
        permit_number=f"{tariff.prefix}-{entry.number:06}",
        valid_until=valid_until(command.permit_type, entry.content.issued),
    )


@service.on("DenyPermit")
async def deny(command: DenyPermit, _context: Context[Register]) -> PermitDenied:
    """Refuse the application for good."""
    return PermitDenied(
        applicant=command.applicant,
        permit_type=command.permit_type,
        reasons=command.reasons,
    )
