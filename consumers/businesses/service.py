"""The businesses department: licenses, and the last word about a restaurant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumers.businesses.opening import conditions, is_incomplete, renewals
from consumers.department import Check, Department, Grant, Undo, years_later
from consumers.messages import businesses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

METERS_TO_SCHOOL: Final = 100
"""How far from a school alcohol may be sold."""

_RESERVED: Final = ("bank", "university")


def _is_reserved(asked: businesses.IssueBusinessLicense) -> bool:
    return any(word in asked.business_name.lower().split() for word in _RESERVED)


def _opening(asked: businesses.GrantOperatingPermit, day: date) -> Mapping[str, object]:
    return {
        "total_cost": asked.total_cost,
        "conditions": conditions(asked),
        "renewals": [renewal.model_dump(mode="json") for renewal in renewals(asked, day)],
    }


service = Department(
    "businesses",
    Grant(
        asked=businesses.IssueBusinessLicense,
        granted=businesses.BusinessLicenseIssued,
        denied=businesses.BusinessLicenseDenied,
        prefix="BL",
        fee=150,
        checks=[Check("A restaurant may not be called a bank or a university.", _is_reserved)],
        details=lambda _asked, day: {"valid_until": years_later(day, 1)},
        undo=Undo(businesses.CancelBusinessLicense, businesses.BusinessLicenseCancelled),
    ),
    Grant(
        asked=businesses.IssueLiquorLicense,
        granted=businesses.LiquorLicenseIssued,
        denied=businesses.LiquorLicenseDenied,
        prefix="LL",
        fee=1200,
        checks=[
            Check(
                f"There is a school within {METERS_TO_SCHOOL} meters.",
                lambda asked: asked.meters_to_school < METERS_TO_SCHOOL,
            )
        ],
        details=lambda _asked, day: {"valid_until": years_later(day, 1)},
        undo=Undo(businesses.CancelLiquorLicense, businesses.LiquorLicenseCancelled),
    ),
    Grant(
        asked=businesses.GrantOperatingPermit,
        granted=businesses.OperatingPermitGranted,
        denied=businesses.OperatingPermitDenied,
        prefix="OP",
        checks=[Check("An approval is missing.", is_incomplete)],
        details=_opening,
        undo=Undo(businesses.RevokeOperatingPermit, businesses.OperatingPermitRevoked),
    ),
).service
