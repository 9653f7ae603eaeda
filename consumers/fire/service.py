"""The fire department: inspections, and the protection of new homes."""

from __future__ import annotations

from math import ceil
from typing import Final

from consumers.department import Check, Department, Grant, working_day_after
from consumers.messages import fire

SEATS_PER_EXIT: Final = 50
UNITS_PER_HYDRANT: Final = 8
ENGINE_METERS: Final = 6
"""How wide a road must be for an engine."""

service = Department(
    "fire",
    Grant(
        asked=fire.InspectFireSafety,
        granted=fire.FireInspectionPassed,
        denied=fire.FireInspectionFailed,
        prefix="FI",
        checks=[
            Check(
                f"There must be an exit for every {SEATS_PER_EXIT} seats.",
                lambda asked: asked.exits * SEATS_PER_EXIT < asked.seats,
            )
        ],
        details=lambda _asked, day: {"inspected_on": working_day_after(day, 3)},
    ),
    Grant(
        asked=fire.PlanFireProtection,
        granted=fire.FireProtectionPlanned,
        denied=fire.FireProtectionRefused,
        prefix="FP",
        checks=[
            Check(
                f"An engine needs roads of {ENGINE_METERS} meters.",
                lambda asked: asked.road_meters < ENGINE_METERS,
            )
        ],
        details=lambda asked, _day: {"hydrants": ceil(asked.units / UNITS_PER_HYDRANT)},
    ),
).service
