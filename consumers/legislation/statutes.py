"""The statute book, in Redis. Knows no message but the section it enters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 (pydantic reads annotations at run time)
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, TypeAdapter

from consumers.messages.legislation import Statute, StatuteVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.store import Store

ENTER: Final = (Path(__file__).parent / "enter.lua").read_text()
TEXTS: Final = "return redis.call('HGETALL', KEYS[1])"

_ENTERED = TypeAdapter(list[StatuteVersion])


class Text(BaseModel):
    """A section as the book has it.

    Attributes:
        bill: which wrote it.
        effective_on: from which day it holds.
        text: how it reads.
    """

    bill: str
    effective_on: date
    text: str


@dataclass(frozen=True, slots=True)
class StatuteBook:
    """The law. A bill is entered by one script: whole, and once."""

    store: Store

    async def enter(
        self, bill: str, effective_on: date, statutes: Sequence[Statute]
    ) -> list[StatuteVersion]:
        """Enter what `bill` changes, if it is not entered yet.

        Args:
            bill: its number.
            effective_on: from which day it holds. What holds from a later day stays.
            statutes: the sections as they read from then on.

        Returns:
            Which version each section got; what was entered first, if the bill was known already.
        """
        arguments: list[str] = []
        for statute in statutes:
            text = Text(bill=bill, effective_on=effective_on, text=statute.text)
            arguments += (statute.section, text.model_dump_json(), effective_on.isoformat())
        found = await self.store.run(ENTER, ("bills", "versions", "texts"), bill, *arguments)
        return _ENTERED.validate_json(found)

    async def texts(self) -> dict[str, Text]:
        """Return every section, in order."""
        found = await self.store.run(TEXTS, ["texts"])
        pairs = sorted(zip(found[::2], found[1::2], strict=True))
        return {section: Text.model_validate_json(text) for section, text in pairs}
