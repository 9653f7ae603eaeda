"""Messages of the planning department, as in schemas/planning.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Day, Dollars, Label, Message, Name

SquareMeters = Annotated[float, Field(gt=0)]
Zone = Literal["residential", "mixed", "commercial", "industrial"]
Use = Literal["restaurant", "housing"]


class CheckZoning(Message):
    """Command: tell whether a zone allows a use."""

    zone: Zone
    use: Use


class ZoningApproved(Granted):
    """Event: the zone allows the use."""


class ZoningDenied(Denied):
    """Event: the zone does not allow the use."""


class IssueBuildingPermit(Message):
    """Command: permit building work.

    Attributes:
        building: which one, where a case has several.
    """

    building: Label = "main"
    area_m2: SquareMeters
    floors: Annotated[int, Field(ge=1)] = 1


class BuildingPermitIssued(Granted):
    """Event: the work may begin."""

    building: Label
    valid_until: Day


class BuildingPermitDenied(Denied):
    """Event: the work may not begin."""


class CancelBuildingPermit(Undoing):
    """Command: take a building permit back."""

    building: Label = "main"


class BuildingPermitCancelled(Undone):
    """Event: the work may not go on."""


class ApprovePreliminaryPlat(Message):
    """Command: approve how land is to be divided."""

    development: Name
    units: Count
    area_hectares: Annotated[float, Field(gt=0)]


class PreliminaryPlatApproved(Granted):
    """Event: the land may be divided like that."""


class PreliminaryPlatDenied(Denied):
    """Event: the land may not be divided like that."""


class WithdrawPreliminaryPlat(Undoing):
    """Command: take the approval of a preliminary plat back."""


class PreliminaryPlatWithdrawn(Undone):
    """Event: the land stays as it is."""


class ApproveSiteWork(Message):
    """Command: permit clearing and grading."""

    area_hectares: Annotated[float, Field(gt=0)]
    preliminary_plat: Label


class SiteWorkApproved(Granted):
    """Event: clearing and grading may begin."""


class StopSiteWork(Undoing):
    """Command: take the permission for clearing and grading back."""


class SiteWorkStopped(Undone):
    """Event: the land is left as it is."""


class AssessSchoolImpact(Message):
    """Command: count the children to come."""

    units: Count


class SchoolImpactAssessed(Granted):
    """Event: there are seats for the children."""

    children: Count


class SchoolImpactRefused(Denied):
    """Event: there are no seats for the children."""


class ApproveFinalPlat(Message):
    """Command: record how land was divided."""

    development: Name
    preliminary_plat: Label


class FinalPlatApproved(Granted):
    """Event: the land is divided."""

    preliminary_plat: Label


class FinalPlatDenied(Denied):
    """Event: the division is not recorded."""


class WithdrawFinalPlat(Undoing):
    """Command: take the record of a division back."""


class FinalPlatWithdrawn(Undone):
    """Event: the land is divided no more."""


class IssueOccupancyCertificate(Message):
    """Command: let people live in a unit."""

    unit: Label
    building: Label
    building_permit: Label


class OccupancyCertificateIssued(Granted):
    """Event: people may live in the unit."""

    unit: Label
    building_permit: Label


class OccupancyCertificateDenied(Denied):
    """Event: people may not live in the unit."""


class RevokeOccupancyCertificate(Undoing):
    """Command: let nobody live in a unit any more."""

    unit: Label
    building: Label


class OccupancyCertificateRevoked(Undone):
    """Event: nobody may live in the unit."""


class IssueCompletionCertificate(Message):
    """Command: confirm that a development is complete."""

    development: Name
    final_plat: Label
    occupancy_certificates: list[Label]


class CompletionCertificateIssued(Granted):
    """Event: the development is complete."""

    units: Count


class RevokeCompletionCertificate(Undoing):
    """Command: confirm no more that a development is complete."""


class CompletionCertificateRevoked(Undone):
    """Event: the development is not complete."""


class AssessDamage(Message):
    """Command: estimate what an emergency has destroyed."""

    location: Name
    severity: Literal["low", "high", "critical"]


class DamageAssessed(Granted):
    """Event: the damage is known."""

    estimate: Dollars
    permits_needed: Count


class ExpeditePermits(Message):
    """Command: permit repairs without the usual wait."""

    permits: Count


class PermitsExpedited(Granted):
    """Event: repairs may begin."""

    permits: Count
