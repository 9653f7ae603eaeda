"""The businesses department: licenses, and the last word about a restaurant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumers.businesses.opening import conditions, is_incomplete, renewals
from consumers.department import Check, Department, Grant, Undo, years_later
from consumers.messages import (
    BusinessLicenseCancelled,
    BusinessLicenseDenied,
    BusinessLicenseIssued,
    CancelBusinessLicense,
    CancelLiquorLicense,
    GrantOperatingPermit,
    IssueBusinessLicense,
    IssueLiquorLicense,
    LiquorLicenseCancelled,
    LiquorLicenseDenied,
    LiquorLicenseIssued,
    OperatingPermitDenied,
    OperatingPermitGranted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

METERS_TO_SCHOOL: Final = 100
"""How far from a school alcohol may be sold."""

_RESERVED: Final = ("bank", "university")


def _is_reserved(asked: IssueBusinessLicense) -> bool:
    return any(word in asked.business_name.lower().split() for word in _RESERVED)


def _opening(asked: GrantOperatingPermit, day: date) -> Mapping[str, object]:
    return {
        "total_cost": asked.total_cost,
        "conditions": conditions(asked),
        "renewals": [renewal.model_dump(mode="json") for renewal in renewals(asked, day)],
    }


service = Department(
    "businesses",
    Grant(
        asked=IssueBusinessLicense,
        granted=BusinessLicenseIssued,
        denied=BusinessLicenseDenied,
        prefix="BL",
        fee=150,
        checks=[Check("A restaurant may not be called a bank or a university.", _is_reserved)],
        details=lambda _asked, day: {"valid_until": years_later(day, 1)},
        undo=Undo(CancelBusinessLicense, BusinessLicenseCancelled),
    ),
    Grant(
        asked=IssueLiquorLicense,
        granted=LiquorLicenseIssued,
        denied=LiquorLicenseDenied,
        prefix="LL",
        fee=1200,
        checks=[
            Check(
                f"There is a school within {METERS_TO_SCHOOL} meters.",
                lambda asked: asked.meters_to_school < METERS_TO_SCHOOL,
            )
        ],
        details=lambda _asked, day: {"valid_until": years_later(day, 1)},
        undo=Undo(CancelLiquorLicense, LiquorLicenseCancelled),
    ),
    Grant(
        asked=GrantOperatingPermit,
        granted=OperatingPermitGranted,
        denied=OperatingPermitDenied,
        prefix="OP",
        checks=[Check("An approval is missing.", is_incomplete)],
        details=_opening,
    ),
).service
