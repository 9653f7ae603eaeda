"""Numbered books in Redis where each application is entered once. Knows no message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from consumers.store import Store

Content = TypeVar("Content", bound=BaseModel)

ENTER: Final = (Path(__file__).parent / "enter.lua").read_text()


class _Written(BaseModel):
    """An entry as it is stored."""

    number: int
    content: str


@dataclass(frozen=True, slots=True)
class Entry(Generic[Content]):
    """An entry of a book.

    Attributes:
        number: from 1, without gaps.
        content: what was entered.
    """

    number: int
    content: Content


@dataclass(frozen=True, slots=True)
class Register:
    """The office's books: fees charged, permits issued."""

    store: Store

    async def enter(self, book: str, application: str, content: Content) -> Entry[Content]:
        """Enter `content` for `application`, atomically and once.

        Args:
            book: the book, with numbers of its own.
            application: what it is about; its first entry stays, whatever comes later.
            content: what to enter.

        Returns:
            The entry of `application`, which is an earlier one if there was one.
        """
        found = await self.store.run(
            ENTER, (f"{book}:entries", f"{book}:count"), application, content.model_dump_json()
        )
        written = _Written.model_validate_json(found)
        return Entry(written.number, type(content).model_validate_json(written.content))
