"""What a restaurant needs to open, on which conditions, and what it must renew. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from consumers.messages.businesses import Renewal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from consumers.messages.businesses import GrantOperatingPermit

REMINDER: Final = timedelta(days=30)
"""How long before the last day of a license its holder is reminded."""

REQUIRED: Final = (
    "business_license",
    "zoning",
    "health_permit",
    "health_inspection",
    "fire_inspection",
    "parking",
)
_MANY_SEATS: Final = 50


def required(asked: GrantOperatingPermit) -> Iterator[str]:
    """Yield the kinds of approval that a restaurant needs."""
    yield from REQUIRED
    if asked.requires_renovation:
        yield "building_permit"
    if asked.serves_alcohol:
        yield "liquor_license"


def is_incomplete(asked: GrantOperatingPermit) -> bool:
    """Tell whether an approval is missing."""
    return not set(required(asked)) <= {approval.kind for approval in asked.approvals}


def conditions(asked: GrantOperatingPermit) -> list[str]:
    """Return what the owner must keep to."""
    found = ["All permits hang where guests can read them."]
    if asked.seats > _MANY_SEATS:
        found.append("Two exits stay clear whenever guests are there.")
    if asked.requires_renovation:
        found.append("No guest enters before the building work is accepted.")
    if asked.serves_alcohol:
        found.append("Alcohol is served by trained staff, and not after midnight.")
    return found


def renewals(asked: GrantOperatingPermit, day: date) -> list[Renewal]:
    """Return what ends after `day` and when its holder is reminded, the earliest first."""
    found = [
        Renewal(
            kind=approval.kind,
            number=approval.number,
            valid_until=approval.valid_until,
            remind_on=approval.valid_until - REMINDER,
        )
        for approval in asked.approvals
        if approval.valid_until is not None and approval.valid_until > day
    ]
    return sorted(found, key=lambda renewal: (renewal.valid_until, renewal.kind))
