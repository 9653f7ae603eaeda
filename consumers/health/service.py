"""The health department: kitchens, and people in an emergency."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Final

from consumers.department import Check, Department, Grant, Undo, working_day_after, years_later
from consumers.messages import health

SEATS_PER_SINK: Final = 50
WARMEST_STORE: Final = 5.0
"""How warm a cold store may be, in degrees Celsius."""

INJURED_PER_TEAM: Final = 4
FOLLOW_UP: Final = timedelta(days=90)

service = Department(
    "health",
    Grant(
        asked=health.IssueHealthPermit,
        granted=health.HealthPermitIssued,
        denied=health.HealthPermitDenied,
        prefix="HP",
        fee=300,
        checks=[
            Check(
                f"The kitchen needs a sink for every {SEATS_PER_SINK} seats.",
                lambda asked: asked.sinks * SEATS_PER_SINK < asked.seats,
            )
        ],
        details=lambda _asked, day: {"valid_until": years_later(day, 1)},
        undo=Undo(health.CancelHealthPermit, health.HealthPermitCancelled),
    ),
    Grant(
        asked=health.InspectKitchen,
        granted=health.KitchenInspected,
        denied=health.KitchenRefused,
        prefix="HI",
        checks=[
            Check(
                f"The cold store is warmer than {WARMEST_STORE:g} degrees.",
                lambda asked: asked.cold_store_celsius > WARMEST_STORE,
            )
        ],
        details=lambda _asked, day: {"inspected_on": working_day_after(day, 2)},
    ),
    Grant(
        asked=health.SendMedicalTeams,
        granted=health.MedicalTeamsSent,
        prefix="MT",
        details=lambda asked, _day: {"teams": max(1, ceil(asked.injured / INJURED_PER_TEAM))},
    ),
    Grant(
        asked=health.FollowUpHealth,
        granted=health.HealthFollowUpStarted,
        prefix="HF",
        details=lambda _asked, day: {"until": day + FOLLOW_UP},
    ),
).service
