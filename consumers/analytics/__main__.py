"""``python -m consumers.analytics``: prints the employers that stand out. Changes nothing."""

from __future__ import annotations

import asyncio
import sys

from consumers.analytics.service import open_ledger
from orchestrator.errors import OrchestratorError


async def listed() -> str:
    """Return one line per employer: name, and how often it was put on the list."""
    async with open_ledger() as ledger:
        offenders = await ledger.offenders()
    return "\n".join(f"{employer}\t{times}" for employer, times in offenders.items())


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{asyncio.run(listed())}\n")
    except OrchestratorError as error:
        sys.exit(f"Error: {error}")
