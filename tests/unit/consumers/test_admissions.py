"""The admissions office's rules: tables of applications and dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumers.admissions.programs import PROGRAMS, interview_times, objections, seats_of
from consumers.messages.admissions import RunEligibilityCheck
from consumers.messages.message import Person

YARA = Person(name="Yara Holm", email="yara.holm@example.org")


@pytest.mark.parametrize(
    ("program", "grade", "expected"),
    [
        ("nursing", 80, []),
        ("nursing", 79.9, ["The program asks for a grade of 80 or better."]),
        ("welding", 50, []),
        ("alchemy", 100, ["There is no program called alchemy."]),
    ],
)
def test_the_same_application_gets_the_same_answer(
    program: str, grade: float, expected: list[str]
) -> None:
    """Applicants can compute it themselves, and hear what is missing."""
    application = RunEligibilityCheck(applicant=YARA, program=program, grade=grade)

    assert objections(application) == expected


def test_interviews_are_on_working_days_after_three_days() -> None:
    """A Thursday's applicant comes on Monday at nine; nobody comes on a weekend."""
    times = interview_times(datetime(2026, 3, 5, 17, tzinfo=UTC))

    assert times[0] == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert times[13] == datetime(2026, 3, 9, 15, 30, tzinfo=UTC)
    assert times[14] == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert times == sorted(set(times))
    assert {time.weekday() for time in times} == set(range(5))
    assert len(times) == 20 * 14


def test_a_program_that_does_not_exist_has_no_seats() -> None:
    """A decision about it must not fail: it is a refusal."""
    assert seats_of("alchemy") == 0
    assert all(seats_of(name) > 0 for name in PROGRAMS)
