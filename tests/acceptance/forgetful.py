"""Departments that say they took something back, and keep it: what tests must find out about."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from consumers.department.register import Entry, Register
from orchestrator.cli.main import run

if TYPE_CHECKING:
    from datetime import datetime


async def keep(
    _register: Register, _book: str, _subject: str, _asked: datetime, number: int | None
) -> Entry:
    """Change nothing."""
    return Entry(number=number, content='{"fee": 0}')


if __name__ == "__main__":
    Register.undo = keep  # type: ignore[method-assign]
    sys.exit(run(["consumers", "run", *sys.argv[1:]]))
