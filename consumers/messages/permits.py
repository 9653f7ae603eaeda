"""Messages of the permits service, as in schemas/permits.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.message import Day, Dollars, Label, Message, Person, Reasons

PermitType = Literal["building", "food-service", "signage", "street-event"]


class Application(Message):
    """What every message about one application carries on."""

    applicant: Person
    permit_type: PermitType


class ReviewPermit(Application):
    """Command: decide about an application and compute its fee.

    Attributes:
        area_m2: the area in use, in square metres.
    """

    address: Annotated[str, Field(min_length=1, max_length=500)]
    area_m2: Annotated[float, Field(gt=0)]


class PermitReviewed(Application):
    """Event: the application is decided."""

    decision: Literal["approved", "denied"]
    fee: Dollars
    reasons: Reasons


class ChargePermitFee(Application):
    """Command: charge the applicant the fee of an approved permit."""

    fee: Dollars


class PermitFeeCharged(Application):
    """Event: the fee is booked."""

    fee: Dollars
    receipt: Label


class IssuePermit(Application):
    """Command: give the permit a number and a term."""


class PermitIssued(Application):
    """Event: the permit is valid."""

    permit_number: Label
    valid_until: Day


class DenyPermit(Application):
    """Command: refuse the application for good."""

    reasons: Reasons


class PermitDenied(Application):
    """Event: the application is refused."""

    reasons: Reasons
