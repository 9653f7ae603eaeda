"""``python -m consumers.hr``: prints who has how many open cases. Changes nothing but the staff."""

from __future__ import annotations

import asyncio
import sys

from consumers.hr.service import open_desks
from consumers.hr.staff import read_staff
from orchestrator.errors import OrchestratorError


async def caseload() -> str:
    """Return one line per region and investigator: region, name, open cases."""
    async with open_desks() as desks:
        open_cases = await desks.caseload()
    return "\n".join(
        f"{region}\t{investigator.name}\t{open_cases.get(investigator.id, 0)}"
        for region, investigators in read_staff().items()
        for investigator in investigators
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{asyncio.run(caseload())}\n")
    except OrchestratorError as error:
        sys.exit(f"Error: {error}")
