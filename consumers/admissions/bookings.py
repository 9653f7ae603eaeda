"""Interviews and seats, in Redis. Knows no message and no program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.store import Store

Decision = Literal["admitted", "waitlisted", "refused"]

_FOLDER: Final = Path(__file__).parent
BOOK: Final = (_FOLDER / "book.lua").read_text()
DECIDE: Final = (_FOLDER / "decide.lua").read_text()
TAKEN: Final = "return redis.call('HGETALL', KEYS[1])"


@dataclass(frozen=True, slots=True)
class Bookings:
    """Who is expected when, and who has a seat. Every change is one script."""

    store: Store

    async def book(self, application: str, times: Sequence[datetime]) -> datetime | None:
        """Give `application` the first of `times` that is free, and only once.

        Returns:
            Its time; None when none is free.
        """
        found = await self.store.run(
            BOOK, ("booked", "taken"), application, *(time.isoformat() for time in times)
        )
        return None if found is None else datetime.fromisoformat(found)

    async def decide(
        self, application: str, program: str, seats: int, *, eligible: bool
    ) -> Decision:
        """Decide about `application`, once: what is decided stays.

        Args:
            application: its number.
            program: what it is for.
            seats: how many the program has.
            eligible: whether the applicant may have one.

        Returns:
            The decision. Who is not admitted gives the time for the interview back.
        """
        keys = ("decisions", f"seats:{program}", "booked", "taken")
        wanted = "1" if eligible else "0"
        decision: Decision = await self.store.run(DECIDE, keys, application, wanted, str(seats))
        return decision

    async def interviews(self) -> dict[datetime, str]:
        """Return which application is expected when, earliest first."""
        found = await self.store.run(TAKEN, ["taken"])
        times = zip(map(datetime.fromisoformat, found[::2]), found[1::2], strict=True)
        return dict(sorted(times))
