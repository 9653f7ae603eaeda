"""Days as departments count them. Knows no holidays."""

from __future__ import annotations

from datetime import date, timedelta

_SATURDAY = 5


def years_later(day: date, years: int) -> date:
    """Return the same day, some years later; of the 29th of February, the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def working_day_after(day: date, days: int) -> date:
    """Return the first working day that is at least `days` later."""
    found = day + timedelta(days=days)
    while found.weekday() >= _SATURDAY:
        found += timedelta(days=1)
    return found
