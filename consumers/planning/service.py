"""The planning department: zones, plats, building permits, certificates, repairs."""

from __future__ import annotations

from consumers.department import Check, Department, Grant, Undo, years_later
from consumers.messages import (
    ApproveFinalPlat,
    ApprovePreliminaryPlat,
    ApproveSiteWork,
    AssessDamage,
    AssessSchoolImpact,
    BuildingPermitCancelled,
    BuildingPermitDenied,
    BuildingPermitIssued,
    CancelBuildingPermit,
    CheckZoning,
    CompletionCertificateIssued,
    DamageAssessed,
    ExpeditePermits,
    FinalPlatApproved,
    FinalPlatDenied,
    FinalPlatWithdrawn,
    IssueBuildingPermit,
    IssueCompletionCertificate,
    IssueOccupancyCertificate,
    OccupancyCertificateDenied,
    OccupancyCertificateIssued,
    OccupancyCertificateRevoked,
    PermitsExpedited,
    PreliminaryPlatApproved,
    PreliminaryPlatDenied,
    PreliminaryPlatWithdrawn,
    RevokeOccupancyCertificate,
    SchoolImpactAssessed,
    SchoolImpactRefused,
    SiteWorkApproved,
    SiteWorkStopped,
    StopSiteWork,
    WithdrawFinalPlat,
    WithdrawPreliminaryPlat,
    ZoningApproved,
    ZoningDenied,
)
from consumers.planning.land import (
    DAMAGE,
    MOST_FLOORS,
    SCHOOL_SEATS,
    UNITS_PER_HECTARE,
    children,
    is_out_of_zone,
    is_too_dense,
    is_too_large,
)

BUILDING = (
    Grant(
        asked=CheckZoning,
        granted=ZoningApproved,
        denied=ZoningDenied,
        prefix="ZN",
        checks=[Check("The zone does not allow this use.", is_out_of_zone)],
    ),
    Grant(
        asked=IssueBuildingPermit,
        granted=BuildingPermitIssued,
        denied=BuildingPermitDenied,
        prefix="BP",
        fee=500,
        item="building",
        checks=[
            Check("The area exceeds what a floor may have.", is_too_large),
            Check(
                f"No building may have more than {MOST_FLOORS} floors.",
                lambda asked: asked.floors > MOST_FLOORS,
            ),
        ],
        details=lambda asked, day: {
            "building": asked.building,
            "valid_until": years_later(day, 3),
        },
        undo=Undo(CancelBuildingPermit, BuildingPermitCancelled),
    ),
    Grant(
        asked=IssueOccupancyCertificate,
        granted=OccupancyCertificateIssued,
        denied=OccupancyCertificateDenied,
        prefix="CO",
        item="unit",
        checks=[
            Check(
                "The certificate refers to no building permit.",
                lambda asked: not asked.building_permit.startswith("BP-"),
            )
        ],
        details=lambda asked, _day: {
            "unit": asked.unit,
            "building_permit": asked.building_permit,
        },
        undo=Undo(RevokeOccupancyCertificate, OccupancyCertificateRevoked),
    ),
)
LAND = (
    Grant(
        asked=ApprovePreliminaryPlat,
        granted=PreliminaryPlatApproved,
        denied=PreliminaryPlatDenied,
        prefix="PP",
        fee=1000,
        checks=[
            Check(
                f"There may be {UNITS_PER_HECTARE} homes on a hectare, and no more.", is_too_dense
            )
        ],
        undo=Undo(WithdrawPreliminaryPlat, PreliminaryPlatWithdrawn),
    ),
    Grant(
        asked=ApproveSiteWork,
        granted=SiteWorkApproved,
        prefix="SW",
        fee=200,
        undo=Undo(StopSiteWork, SiteWorkStopped),
    ),
    Grant(
        asked=AssessSchoolImpact,
        granted=SchoolImpactAssessed,
        denied=SchoolImpactRefused,
        prefix="SI",
        checks=[
            Check(
                f"The schools around have seats for {SCHOOL_SEATS} more children.",
                lambda asked: children(asked.units) > SCHOOL_SEATS,
            )
        ],
        details=lambda asked, _day: {"children": children(asked.units)},
    ),
    Grant(
        asked=ApproveFinalPlat,
        granted=FinalPlatApproved,
        denied=FinalPlatDenied,
        prefix="FL",
        fee=800,
        checks=[
            Check(
                "The plat refers to no preliminary plat.",
                lambda asked: not asked.preliminary_plat.startswith("PP-"),
            )
        ],
        details=lambda asked, _day: {"preliminary_plat": asked.preliminary_plat},
        undo=Undo(WithdrawFinalPlat, FinalPlatWithdrawn),
    ),
    Grant(
        asked=IssueCompletionCertificate,
        granted=CompletionCertificateIssued,
        prefix="CC",
        details=lambda asked, _day: {"units": len(asked.occupancy_certificates)},
    ),
)
REPAIRS = (
    Grant(
        asked=AssessDamage,
        granted=DamageAssessed,
        prefix="DA",
        details=lambda asked, _day: {
            "estimate": DAMAGE[asked.severity][0],
            "permits_needed": DAMAGE[asked.severity][1],
        },
    ),
    Grant(
        asked=ExpeditePermits,
        granted=PermitsExpedited,
        prefix="XP",
        details=lambda asked, _day: {"permits": asked.permits},
    ),
)

service = Department("planning", *BUILDING, *LAND, *REPAIRS).service
