"""What analytics has noted, in Redis. Knows no message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from consumers.store import Store

_FOLDER: Final = Path(__file__).parent
OFFENDER: Final = (_FOLDER / "offender.lua").read_text()
TALLY: Final = (_FOLDER / "tally.lua").read_text()
OFFENDERS: Final = "return redis.call('HGETALL', KEYS[1])"


WEEK: Final = "return redis.call('HGETALL', KEYS[1])"
KEPT: Final = timedelta(days=400)
"""For how long a week can be looked at."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The notes. Each is one script: two replicas cannot disagree, and no repetition counts."""

    store: Store

    async def note_offender(self, employer: str, key: str) -> int:
        """Put `employer` on the list once more.

        Args:
            employer: whom.
            key: of the command, equal on every attempt.

        Returns:
            How often the employer has been put there, this time included.
        """
        return int(await self.store.run(OFFENDER, ("offenders", "noted"), employer, key))

    async def offenders(self) -> dict[str, int]:
        """Return how often each employer has been put on the list, most often first."""
        return _most_first(await self.store.run(OFFENDERS, ["offenders"]))

    async def count(self, day: date, what: Sequence[str], key: str) -> None:
        """Count one complaint in the week of `day`.

        Args:
            day: when it was filed.
            what: under which names it is counted, such as ``region north``.
            key: of the event, equal on every attempt.
        """
        week = monday(day).isoformat()
        seconds = str(int(KEPT.total_seconds()))
        await self.store.run(TALLY, (f"seen:{week}", f"week:{week}"), key, seconds, *what)

    async def week(self, day: date) -> dict[str, int]:
        """Return what was counted in the week of `day`, most often first."""
        return _most_first(await self.store.run(WEEK, [f"week:{monday(day).isoformat()}"]))


def monday(day: date) -> date:
    """Return the first day of the week of `day`."""
    return day - timedelta(days=day.weekday())


def _most_first(pairs: Sequence[str]) -> dict[str, int]:
    counts = {name: int(count) for name, count in zip(pairs[::2], pairs[1::2], strict=True)}
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
