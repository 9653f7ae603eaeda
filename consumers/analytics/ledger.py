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
OFFENDERS: Final = "return redis.call('HGETALL', KEYS[1])"
KEPT: Final = timedelta(days=400)
"""For how long the list of a week can be looked at."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The notes. Each is one script: two replicas cannot disagree, and no repetition counts."""

    store: Store

    async def note_offender(self, employer: str, key: str, day: date) -> int:
        """Put `employer` on the list once more.

        Args:
            employer: whom.
            key: of the command, equal on every attempt.
            day: of the command; the list of its week is kept for 400 days.

        Returns:
            How often the employer has been put there, this time included.
        """
        keys = ("offenders", "noted", _week(day))
        seconds = str(int(KEPT.total_seconds()))
        return int(await self.store.run(OFFENDER, keys, employer, key, seconds))

    async def offenders(self) -> dict[str, int]:
        """Return how often each employer has been put on the list, most often first."""
        return _most_first(await self.store.run(OFFENDERS, ["offenders"]))

    async def week(self, day: date) -> dict[str, int]:
        """Return how often each employer was put there in the week of `day`, most often first."""
        return _most_first(await self.store.run(OFFENDERS, [_week(day)]))


def monday(day: date) -> date:
    """Return the first day of the week of `day`."""
    return day - timedelta(days=day.weekday())


def _week(day: date) -> str:
    return f"week:{monday(day).isoformat()}"


def _most_first(pairs: Sequence[str]) -> dict[str, int]:
    counts = {name: int(count) for name, count in zip(pairs[::2], pairs[1::2], strict=True)}
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
