"""``python -m consumers.admissions``: prints who is expected when. Changes nothing."""

from __future__ import annotations

import asyncio
import sys

from consumers.admissions.service import open_bookings
from orchestrator.errors import OrchestratorError


async def interviews() -> str:
    """Return one line per interview: time in UTC, application."""
    async with open_bookings() as bookings:
        found = await bookings.interviews()
    return "\n".join(f"{time:%Y-%m-%d %H:%M}\t{application}" for time, application in found.items())


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{asyncio.run(interviews())}\n")
    except OrchestratorError as error:
        sys.exit(f"Error: {error}")
