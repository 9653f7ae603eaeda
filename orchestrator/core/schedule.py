"""When a schedule ticks: at times on the clock of a place, or every so often. Knows no present."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Protocol

from cronsim import CronSim, CronSimError

from orchestrator.core.expression.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST_SHIFT: Final = timedelta(hours=26)
"""More than any clock was ever put forward or back: islands have changed sides of the date line."""

_MINUTE: Final = timedelta(minutes=1)
_SHORT: Final = timedelta(hours=1)
_MAX_TEXT: Final = 200


class Schedule(Protocol):
    """A rising sequence of moments without end, or until the year 9999 ends."""

    @property
    def text(self) -> str:
        """What it is, normalised: two schedules with one text tick at the same moments."""

    def ticks(self, after: datetime) -> Iterator[datetime]:
        """Yield the ticks after a moment, that moment not included: aware, in UTC, rising."""


def next_tick(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first tick after a moment; None when there is none before the year 9999 ends."""
    return next(schedule.ticks(after), None)


def ticks_between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the ticks after a moment and until another, the latter included."""
    return takewhile(lambda tick: tick <= until, schedule.ticks(after))


def newest_tick(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """Return the last tick after a moment and until another; None when there is none.

    It looks from the end, farther and farther back: a year of minutes costs no more than an hour.
    """
    reach = _SHORT
    while True:
        near = until - after <= reach
        newest = None
        for newest in ticks_between(schedule, after if near else until - reach, until):  # noqa: B007
            pass
        if newest is not None or near:
            return newest
        reach *= 24


@dataclass(frozen=True, slots=True)
class Periodic:
    """Every so often, counted from midnight in UTC.

    Attributes:
        length: whole seconds; it divides a day, so that every day has the same ticks.
    """

    length: timedelta

    @property
    def text(self) -> str:
        """Return the length in seconds: ``900s``."""
        return format_duration(self.length)

    def ticks(self, after: datetime) -> Iterator[datetime]:
        """See `Schedule`."""
        number = (after - _EPOCH) // self.length
        while True:
            number += 1
            try:
                yield _EPOCH + number * self.length
            except OverflowError:
                return


class InvalidCronError(ValueError):
    """A text is no cron expression, or none that ever ticks. The message is to follow the text.

    Attributes:
        offset: where in the text it is wrong, in characters from 0.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Cron:
    """At the times that a cron expression names on the clock of a place.

    When clocks are put forward, a time that is left out is made up for as soon as the gap is over;
    when they are put back, a time that comes twice counts once, the first time. Where the minute or
    the hour begins with ``*`` the expression names no times but a rhythm, which goes on as the
    clock shows it: nothing in the gap, and in the hour that comes twice the same again.

    Attributes:
        expression: five fields, upper case, one blank between them.
        zone: the place.
        zone_name: its IANA name.
    """

    expression: str
    zone: tzinfo
    zone_name: str

    @classmethod
    def parse(cls, text: str, zone: tzinfo, zone_name: str) -> Cron:
        """Return the schedule that a cron expression names.

        Args:
            text: minute, hour, day of the month, month, day of the week.
            zone: whose clock it is read on.
            zone_name: the IANA name of `zone`.

        Raises:
            InvalidCronError: it is no such text, or it never ticks.
        """
        found = list(_FIELD.finditer(text.upper()))
        _refuse_wrong(found, len(text))
        cron = cls(" ".join(field[0] for field in found), zone, zone_name)
        if not _is_possible(cron.expression) or next_tick(cron, _ANY_TIME) is None:
            raise InvalidCronError(_NEVER)
        return cron

    @property
    def text(self) -> str:
        """Return the expression and the name of the zone."""
        return f"{self.expression} {self.zone_name}"

    def ticks(self, after: datetime) -> Iterator[datetime]:
        """See `Schedule`."""
        last = after
        for moment in self._in_order(after):
            if moment > last:  # what several times on the clock come to is one tick
                yield moment
                last = moment

    def _in_order(self, after: datetime) -> Iterator[datetime]:
        """Yield moments that are not before those yielded earlier; some may be before `after`."""
        waiting: list[datetime] = []
        for wall in self._walls(after):
            moments, settled = self._moments(wall)
            while waiting and waiting[0] < settled:
                yield heappop(waiting)
            for moment in moments:
                heappush(waiting, moment)
        yield from sorted(waiting)

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """Yield the times named, as a clock shows them, from before `after` in any case."""
        try:
            start = after.astimezone(self.zone).replace(tzinfo=None) - self._unsettled(after)
            yield from CronSim(self.expression, start)
        except OverflowError:
            return  # the year 9999 has ended

    def _moments(self, wall: datetime) -> tuple[tuple[datetime, ...], datetime]:
        """Return when the clock shows a time, and a moment that later times cannot lie before."""
        try:
            first, second = self._both(wall)
            settled = first - self._unsettled(first)
        except OverflowError:
            return (), datetime.min.replace(tzinfo=UTC)
        if first == second:
            return (first,), settled
        if first < second:
            return ((first, second) if self._is_rhythm else (first,)), settled
        return (() if self._is_rhythm else (self._after_gap(wall),)), settled

    def _both(self, wall: datetime) -> tuple[datetime, datetime]:
        """Return when the clock shows a time for the first and for the second time.

        They are equal for most times; in a gap the second lies before the first.
        """
        local = wall.replace(tzinfo=self.zone)
        return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)

    def _after_gap(self, wall: datetime) -> datetime:
        """Return the first full minute that the clock shows after a time it leaves out."""
        first, second = self._both(wall)
        while second < first:
            wall += _MINUTE
            first, second = self._both(wall)
        return first

    def _unsettled(self, moment: datetime) -> timedelta:
        """Return how far from a moment times can lie that the clock shows in another order."""
        around = (moment - _LONGEST_SHIFT, moment, moment + _LONGEST_SHIFT)
        offsets = {each.astimezone(self.zone).utcoffset() for each in around}
        return _LONGEST_SHIFT if len(offsets) > 1 else timedelta(0)

    @cached_property
    def _is_rhythm(self) -> bool:
        minute, hour, *_ = self.expression.split()
        return minute.startswith("*") or hour.startswith("*")


_FIELD: Final = re.compile(r"\S+")
_WANTED: Final = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31, or L for the last one"),
    ("month", "1-12 or JAN-DEC"),
    ("day of the week", "0-7 or SUN-SAT"),
)
_NEVER: Final = (
    "never ticks: no month that it names has such a day; write L for the last day of a month"
)


def _refuse_wrong(fields: Sequence[re.Match[str]], length: int) -> None:
    """Refuse what is wrong with a single field, or with their number."""
    if len(fields) != len(_WANTED):
        raise InvalidCronError(
            f"has {len(fields)} field{'s' * (len(fields) != 1)}: write five, for minute, hour, day"
            " of the month, month and day of the week"
        )
    if length > _MAX_TEXT:
        raise InvalidCronError(f"is longer than {_MAX_TEXT} characters: shorten it")
    for place, field in enumerate(fields):
        alone = ["*"] * len(_WANTED)
        alone[place] = field[0]
        if not _is_possible(" ".join(alone)):
            name, wanted = _WANTED[place]
            instead = "`*` for any" if field[0] == "?" else f"{wanted}, or `*` for any"
            raise InvalidCronError(f"has no possible {name}: write {instead}", field.start())


def _is_possible(expression: str) -> bool:
    try:
        CronSim(expression, _ANY_TIME.replace(tzinfo=None))
    except CronSimError:
        return False
    return True
