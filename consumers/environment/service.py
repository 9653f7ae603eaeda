"""The environment department: assessments and measurements."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from consumers.department import Check, Department, Grant
from consumers.messages import environment

MOST_HECTARES_OF_WETLAND: Final = 2
LARGE_HECTARES: Final = 10
STATIONS: Final = {"air": 6, "water": 4, "soil": 3}
MONITORING: Final = timedelta(days=30)


def conditions(asked: environment.AssessEnvironment) -> list[str]:
    """Return what the developer must keep to."""
    found = []
    if asked.wetland:
        found.append("The wetland is fenced while there is building work.")
    if asked.area_hectares > LARGE_HECTARES:
        found.append("One tree is planted for each that is felled.")
    return found


service = Department(
    "environment",
    Grant(
        asked=environment.AssessEnvironment,
        granted=environment.EnvironmentApproved,
        denied=environment.EnvironmentDenied,
        prefix="EA",
        checks=[
            Check(
                f"No more than {MOST_HECTARES_OF_WETLAND} hectares of wetland may be built upon.",
                lambda asked: asked.wetland and asked.area_hectares > MOST_HECTARES_OF_WETLAND,
            )
        ],
        details=lambda asked, _day: {"conditions": conditions(asked)},
    ),
    Grant(
        asked=environment.MonitorEnvironment,
        granted=environment.EnvironmentMonitored,
        prefix="EM",
        items=("medium",),
        details=lambda asked, day: {"stations": STATIONS[asked.medium], "until": day + MONITORING},
    ),
).service
