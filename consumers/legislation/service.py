"""The legislation service. The bill is what is entered once. Knows neither agencies nor Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumers.legislation.agencies import concerned
from consumers.legislation.statutes import StatuteBook
from consumers.messages.legislation import (
    AgenciesAlerted,
    AlertAgencies,
    StatutesUpdated,
    UpdateStatutes,
)
from consumers.store import open_store
from orchestrator.service import Context, Service


@asynccontextmanager
async def open_book() -> AsyncIterator[StatuteBook]:
    """Open the statute book."""
    async with open_store("legislation") as store:
        yield StatuteBook(store)


service = Service("legislation", channels=["legislation.v1"], resources=open_book)


@service.on("UpdateStatutes")
async def update(command: UpdateStatutes, context: Context[StatuteBook]) -> StatutesUpdated:
    """Enter the sections that the bill changes."""
    sections = await context.resources.enter(command.bill, command.effective_on, command.statutes)
    return StatutesUpdated(bill=command.bill, sections=sections)


@service.on("AlertAgencies")
async def alert(command: AlertAgencies, _context: Context[StatuteBook]) -> AgenciesAlerted:
    """Say which agencies have to know; that they are written to is a rule."""
    return AgenciesAlerted(
        bill=command.bill,
        title=command.title,
        effective_on=command.effective_on,
        agencies=concerned(command.subjects),
    )
