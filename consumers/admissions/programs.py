"""The rules of the admissions office: what programs ask for, when interviews are held. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumers.messages.admissions import RunEligibilityCheck

WORKING_DAYS: Final = 20
DAYS_OF_NOTICE: Final = 3
FIRST_INTERVIEW: Final = time(9, tzinfo=UTC)
INTERVIEWS_PER_DAY: Final = 14
INTERVIEW_LENGTH: Final = timedelta(minutes=30)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Program:
    """What holds for one program.

    Attributes:
        seats: how many can be admitted.
        least_grade: the final grade it asks for.
    """

    seats: int
    least_grade: float


PROGRAMS: Final[Mapping[str, Program]] = {
    "hospitality": Program(seats=60, least_grade=55),
    "nursing": Program(seats=40, least_grade=80),
    "surveying": Program(seats=15, least_grade=75),
    "welding": Program(seats=25, least_grade=50),
}
"""SAMPLE DATA: invented programs, for demonstrations."""


def objections(application: RunEligibilityCheck) -> list[str]:
    """Return every reason why the applicant cannot be admitted, in sentences."""
    program = PROGRAMS.get(application.program)
    if program is None:
        return [f"There is no program called {application.program}."]
    if application.grade < program.least_grade:
        return [f"The program asks for a grade of {program.least_grade:g} or better."]
    return []


def seats_of(program: str) -> int:
    """Return how many `program` can admit; none if there is no such program."""
    return PROGRAMS[program].seats if program in PROGRAMS else 0


def interview_times(today: datetime) -> list[datetime]:
    """Return when interviews are held in the coming weeks, earliest first.

    Args:
        today: now, in UTC; applicants have three days of notice.
    """
    days = (today.date() + timedelta(days=ahead) for ahead in range(DAYS_OF_NOTICE, 365))
    working = [day for day in days if day.weekday() < _SATURDAY][:WORKING_DAYS]
    return [
        datetime.combine(day, FIRST_INTERVIEW) + number * INTERVIEW_LENGTH
        for day in working
        for number in range(INTERVIEWS_PER_DAY)
    ]
