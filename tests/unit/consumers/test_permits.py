"""The permit office's rules: tables of applications and what follows."""

from __future__ import annotations

from datetime import date

import pytest

from consumers.messages.message import Person
from consumers.messages.permits import ReviewPermit
from consumers.permits.schedule import SCHEDULE, review, valid_until

AREA = "The area exceeds what this district allows."
ADDRESS = "The address has no house number."


@pytest.mark.parametrize(
    ("permit_type", "area", "address", "fee", "reasons"),
    [
        ("food-service", 85.5, "12 Harbor Street", 421, ()),
        ("food-service", 1_000, "12 Harbor Street", 2_250, ()),
        ("food-service", 1_000.1, "12 Harbor Street", 0, (AREA,)),
        ("building", 100, "Mill Lane 3", 900, ()),
        ("signage", 2.345, "Mill Lane 3", 103.45, ()),
        ("street-event", 3, "Market Square", 0, (ADDRESS,)),
        ("signage", 21, "Market Square", 0, (AREA, ADDRESS)),
    ],
)
def test_the_same_application_gets_the_same_verdict(
    permit_type: str, area: float, address: str, fee: float, reasons: tuple[str, ...]
) -> None:
    """Applicants can compute their fee, and hear every reason at once."""
    application = ReviewPermit.model_validate(
        {
            "applicant": Person(name="Mira", email="mira@example.org"),
            "permit_type": permit_type,
            "address": address,
            "area_m2": area,
        }
    )

    verdict = review(application)

    assert (verdict.fee, verdict.reasons, verdict.approved) == (fee, reasons, not reasons)


@pytest.mark.parametrize(
    ("permit_type", "issued", "expected"),
    [
        ("food-service", date(2026, 3, 2), date(2027, 3, 2)),
        ("building", date(2026, 12, 31), date(2029, 12, 31)),
        ("food-service", date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_a_permit_ends_on_a_day_that_exists(permit_type: str, issued: date, expected: date) -> None:
    """Leap days included."""
    assert valid_until(permit_type, issued) == expected


def test_permit_numbers_tell_the_type() -> None:
    """Two types with one prefix would share numbers."""
    assert len({tariff.prefix for tariff in SCHEDULE.values()}) == len(SCHEDULE)
