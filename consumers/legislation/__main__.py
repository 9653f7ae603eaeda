"""``python -m consumers.legislation``: prints the statute book. Changes nothing."""

from __future__ import annotations

import asyncio
import sys

from consumers.legislation.service import open_book
from orchestrator.errors import OrchestratorError


async def printed() -> str:
    """Return one line per section: section, day from which it holds, bill, text."""
    async with open_book() as book:
        texts = await book.texts()
    return "\n".join(
        f"{section}\t{text.effective_on}\t{text.bill}\t{text.text}"
        for section, text in texts.items()
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{asyncio.run(printed())}\n")
    except OrchestratorError as error:
        sys.exit(f"Error: {error}")
