"""The hr service: who has which case. The case is the correlation key. Knows no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumers.hr.desks import ClosedSinceError, Desks
from consumers.hr.staff import read_staff
from consumers.messages.hr import (
    AssignInvestigator,
    CaseClosed,
    CloseCase,
    EscalateCase,
    InvestigatorAssigned,
    InvestigatorReminded,
    InvestigatorUnavailable,
    RemindInvestigator,
)
from consumers.store import open_store
from orchestrator.service import Context, Service


@asynccontextmanager
async def open_desks() -> AsyncIterator[Desks]:
    """Open the desks, with the staff entered."""
    staff = read_staff()
    async with open_store("hr") as store:
        desks = Desks(store)
        await desks.enter(staff)
        yield desks


service = Service("hr", channels=["hr.v1"], resources=open_desks)


@service.on("AssignInvestigator")
async def assign(
    command: AssignInvestigator, context: Context[Desks]
) -> InvestigatorAssigned | InvestigatorUnavailable | None:
    """Give the case to whoever of the region has the fewest open ones, unless it is over by now."""
    try:
        found = await context.resources.assign(
            context.correlation_id,
            context.idempotency_key,
            context.event.time,
            region=command.region,
            priority=command.priority,
        )
    except ClosedSinceError:
        return None
    if found is None:
        return InvestigatorUnavailable(
            region=command.region, reason="No investigator works in this region."
        )
    return InvestigatorAssigned(**found.model_dump())


@service.on("EscalateCase")
async def escalate(command: EscalateCase, context: Context[Desks]) -> InvestigatorAssigned | None:
    """Give the case to whoever has the fewest open ones, unless it is taken or closed meanwhile."""
    found = await context.resources.escalate(
        context.correlation_id, context.idempotency_key, command.priority
    )
    return None if found is None else InvestigatorAssigned(**found.model_dump())


@service.on("RemindInvestigator")
async def remind(
    command: RemindInvestigator, context: Context[Desks]
) -> InvestigatorReminded | None:
    """Say who has the case, if it is still open."""
    found = await context.resources.find(context.correlation_id)
    if found is None:
        return None
    return InvestigatorReminded(investigator=found.investigator, missing=command.missing)


@service.on("CloseCase")
async def close(command: CloseCase, context: Context[Desks]) -> CaseClosed:
    """Take the case off its investigator's desk."""
    found = await context.resources.close(
        context.correlation_id, context.idempotency_key, context.event.time
    )
    investigator = found.investigator if found else None
    return CaseClosed(investigator=investigator, reason=command.reason)
