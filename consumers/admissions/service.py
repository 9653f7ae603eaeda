"""The admissions service. The application is the correlation key. Knows no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumers.admissions.bookings import Bookings
from consumers.admissions.programs import WORKING_DAYS, interview_times, objections, seats_of
from consumers.messages.admissions import (
    AdmissionDecided,
    DecideAdmission,
    EligibilityChecked,
    InterviewScheduled,
    RunEligibilityCheck,
    ScheduleInterview,
)
from consumers.store import open_store
from orchestrator.service import Context, Reject, Service


@asynccontextmanager
async def open_bookings() -> AsyncIterator[Bookings]:
    """Open who is expected when, and who has a seat."""
    async with open_store("admissions") as store:
        yield Bookings(store)


service = Service("admissions", channels=["admissions.v1"], resources=open_bookings)


@service.on("RunEligibilityCheck")
async def check(command: RunEligibilityCheck, _context: Context[Bookings]) -> EligibilityChecked:
    """Hold the application against what its program demands."""
    reasons = objections(command)
    return EligibilityChecked(
        applicant=command.applicant,
        program=command.program,
        eligible=not reasons,
        reasons=reasons,
    )


@service.on("ScheduleInterview")
async def schedule(command: ScheduleInterview, context: Context[Bookings]) -> InterviewScheduled:
    """Give the applicant the first time that is free."""
    times = interview_times(context.now)
    found = await context.resources.book(context.correlation_id, times)
    if found is None:
        raise Reject(f"no time for an interview is free in the next {WORKING_DAYS} working days")
    return InterviewScheduled(
        applicant=command.applicant, program=command.program, interview_at=found
    )


@service.on("DecideAdmission")
async def decide(command: DecideAdmission, context: Context[Bookings]) -> AdmissionDecided:
    """Admit while there are seats. An application is decided once, whatever is asked for later."""
    decision = await context.resources.decide(
        context.correlation_id,
        command.program,
        seats_of(command.program),
        eligible=command.eligible,
    )
    return AdmissionDecided(
        applicant=command.applicant,
        program=command.program,
        decision=decision,
        reasons=command.reasons,
        interview_at=command.interview_at if decision == "admitted" else None,
    )
