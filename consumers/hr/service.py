"""The hr service: assigns and closes cases. The case is the correlation key. Knows no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumers.hr.desks import Desks
from consumers.hr.staff import read_staff
from consumers.messages import (
    AssignInvestigator,
    CaseClosed,
    CloseCase,
    InvestigatorAssigned,
    InvestigatorUnavailable,
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
) -> InvestigatorAssigned | InvestigatorUnavailable:
    """Give the case to whoever of the region has the fewest open ones."""
    found = await context.resources.assign(
        context.correlation_id, context.idempotency_key, command.region, command.priority
    )
    if found is None:
        return InvestigatorUnavailable(
            region=command.region, reason="No investigator works in this region."
        )
    return InvestigatorAssigned(**found.model_dump())


@service.on("CloseCase")
async def close(command: CloseCase, context: Context[Desks]) -> CaseClosed:
    """Take the case off its investigator's desk."""
    found = await context.resources.close(context.correlation_id, context.idempotency_key)
    investigator = found.investigator if found else None
    return CaseClosed(investigator=investigator, reason=command.reason)
