"""The planning department: zones, plats, building permits, certificates, repairs."""

from __future__ import annotations

from consumers.department import Check, Department, Grant, Undo, years_later
from consumers.messages import planning
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
        asked=planning.CheckZoning,
        granted=planning.ZoningApproved,
        denied=planning.ZoningDenied,
        prefix="ZN",
        checks=[Check("The zone does not allow this use.", is_out_of_zone)],
    ),
    Grant(
        asked=planning.IssueBuildingPermit,
        granted=planning.BuildingPermitIssued,
        denied=planning.BuildingPermitDenied,
        prefix="BP",
        fee=500,
        items=("building",),
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
        undo=Undo(planning.CancelBuildingPermit, planning.BuildingPermitCancelled),
    ),
    Grant(
        asked=planning.IssueOccupancyCertificate,
        granted=planning.OccupancyCertificateIssued,
        denied=planning.OccupancyCertificateDenied,
        prefix="CO",
        items=("building", "unit"),
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
        undo=Undo(planning.RevokeOccupancyCertificate, planning.OccupancyCertificateRevoked),
    ),
)
LAND = (
    Grant(
        asked=planning.ApprovePreliminaryPlat,
        granted=planning.PreliminaryPlatApproved,
        denied=planning.PreliminaryPlatDenied,
        prefix="PP",
        fee=1000,
        checks=[
            Check(
                f"There may be {UNITS_PER_HECTARE} homes on a hectare, and no more.", is_too_dense
            )
        ],
        undo=Undo(planning.WithdrawPreliminaryPlat, planning.PreliminaryPlatWithdrawn),
    ),
    Grant(
        asked=planning.ApproveSiteWork,
        granted=planning.SiteWorkApproved,
        prefix="SW",
        fee=200,
        undo=Undo(planning.StopSiteWork, planning.SiteWorkStopped),
    ),
    Grant(
        asked=planning.AssessSchoolImpact,
        granted=planning.SchoolImpactAssessed,
        denied=planning.SchoolImpactRefused,
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
        asked=planning.ApproveFinalPlat,
        granted=planning.FinalPlatApproved,
        denied=planning.FinalPlatDenied,
        prefix="FL",
        fee=800,
        checks=[
            Check(
                "The plat refers to no preliminary plat.",
                lambda asked: not asked.preliminary_plat.startswith("PP-"),
            )
        ],
        details=lambda asked, _day: {"preliminary_plat": asked.preliminary_plat},
        undo=Undo(planning.WithdrawFinalPlat, planning.FinalPlatWithdrawn),
    ),
    Grant(
        asked=planning.IssueCompletionCertificate,
        granted=planning.CompletionCertificateIssued,
        prefix="CC",
        details=lambda asked, _day: {"units": len(asked.occupancy_certificates)},
        undo=Undo(planning.RevokeCompletionCertificate, planning.CompletionCertificateRevoked),
    ),
)
REPAIRS = (
    Grant(
        asked=planning.AssessDamage,
        granted=planning.DamageAssessed,
        prefix="DA",
        details=lambda asked, _day: {
            "estimate": DAMAGE[asked.severity][0],
            "permits_needed": DAMAGE[asked.severity][1],
        },
    ),
    Grant(
        asked=planning.ExpeditePermits,
        granted=planning.PermitsExpedited,
        prefix="XP",
        details=lambda asked, _day: {"permits": asked.permits},
    ),
)

service = Department("planning", *BUILDING, *LAND, *REPAIRS).service
