"""Messages of the businesses department, as in schemas/businesses.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Day, Dollars, Label, Message, Name, Reasons


class IssueBusinessLicense(Message):
    """Command: license a business.

    Attributes:
        address: where it is.
    """

    business_name: Name
    address: Name


class BusinessLicenseIssued(Granted):
    """Event: the business has a license."""

    valid_until: Day


class BusinessLicenseDenied(Denied):
    """Event: the business gets no license."""


class CancelBusinessLicense(Undoing):
    """Command: take the license of a business back."""


class BusinessLicenseCancelled(Undone):
    """Event: the business has no license any more."""


class IssueLiquorLicense(Message):
    """Command: license the sale of alcohol.

    Attributes:
        meters_to_school: how far the next school is.
    """

    business_name: Name
    business_license: Label
    meters_to_school: Annotated[float, Field(ge=0)]


class LiquorLicenseIssued(Granted):
    """Event: the business may sell alcohol."""

    valid_until: Day


class LiquorLicenseDenied(Denied):
    """Event: the business may not sell alcohol."""


class CancelLiquorLicense(Undoing):
    """Command: take the liquor license back."""


class LiquorLicenseCancelled(Undone):
    """Event: the business may not sell alcohol any more."""


class Approval(Message):
    """What another department granted.

    Attributes:
        kind: such as ``health_permit``.
        number: of the grant.
        valid_until: its last day; None where it does not end.
    """

    kind: Label
    number: Label
    valid_until: Day | None = None


class Renewal(Message):
    """When something must be renewed, and when its holder is reminded."""

    kind: Label
    number: Label
    valid_until: Day
    remind_on: Day


class GrantOperatingPermit(Message):
    """Command: verify all approvals and let a restaurant open.

    Attributes:
        approvals: what was granted.
        requires_renovation: whether a building permit is needed.
        serves_alcohol: whether a liquor license is needed.
        total_cost: what all of it cost, in US dollars.
    """

    business_name: Name
    seats: Count
    requires_renovation: bool
    serves_alcohol: bool
    approvals: list[Approval]
    total_cost: Dollars


class OperatingPermitGranted(Granted):
    """Event: the restaurant may open.

    Attributes:
        conditions: what its owner must keep to, in sentences.
        renewals: the earliest first.
    """

    total_cost: Dollars
    conditions: Reasons
    renewals: list[Renewal]


class OperatingPermitDenied(Denied):
    """Event: an approval is missing."""


class RevokeOperatingPermit(Undoing):
    """Command: let a restaurant not open after all."""


class OperatingPermitRevoked(Undone):
    """Event: the restaurant may not open any more."""
