"""What a department granted and took back, in Redis: numbered, once. Knows no message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from consumers.store import Store

_FOLDER: Final = Path(__file__).parent
GRANT: Final = (_FOLDER / "grant.lua").read_text()
UNDO: Final = (_FOLDER / "undo.lua").read_text()
READ: Final = "return redis.call('HMGET', KEYS[1], unpack(ARGV))"


class Entry(BaseModel):
    """What the register says about one subject.

    Attributes:
        number: from 1, without gaps; None if nothing was granted.
        content: what was granted, as JSON.
        undone: when it was taken back, in ms; None while it holds.
    """

    number: int | None = None
    content: str = "{}"
    undone: int | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """The books of a department, one per kind of grant. Every change is one script."""

    store: Store

    async def grant(self, book: str, subject: str, asked: datetime, content: str) -> Entry:
        """Enter `content` for `subject`, unless something is entered.

        Args:
            book: the kind of grant, with numbers of its own.
            subject: the case, and what of it.
            asked: when it was asked for; what was taken back after that is not granted again.
            content: what is granted, as JSON.

        Returns:
            The entry of `subject`, which is an earlier one if there was one.
        """
        found = await self.store.run(
            GRANT, (f"{book}:entries", f"{book}:count"), subject, _ms(asked), content
        )
        return Entry.model_validate_json(found)

    async def undo(self, book: str, subject: str, asked: datetime, number: int | None) -> Entry:
        """Take back what `subject` was granted, also what is still under way.

        Args:
            book: the kind of grant.
            subject: the case, and what of it.
            asked: when that was asked for.
            number: what to take back; None for whatever was asked for until then.

        Returns:
            The entry, which has no number if nothing was granted.
        """
        wanted = "" if number is None else str(number)
        found = await self.store.run(UNDO, (f"{book}:entries",), subject, _ms(asked), wanted)
        return Entry.model_validate_json(found)

    async def read(self, book: str, subjects: Sequence[str]) -> list[Entry]:
        """Return the entries of those of `subjects` that have been granted and still are.

        Args:
            book: the kind of grant.
            subjects: at most a few thousand.
        """
        written = await self.store.run(READ, (f"{book}:entries",), *subjects)
        entries = [Entry.model_validate_json(each) for each in written if each]
        return [each for each in entries if each.undone is None]


def _ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
