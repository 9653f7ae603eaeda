"""The traffic department: parking, roads, and closed streets."""

from __future__ import annotations

from math import ceil
from typing import Final

from consumers.department import Check, Department, Grant, Undo
from consumers.messages import traffic

SEATS_PER_SPACE: Final = 4
UNITS_PER_ACCESS_ROAD: Final = 100
TRIPS_PER_UNIT: Final = 6
ROAD_METERS: Final = 5.5
METERS_PER_STREET: Final = 100


def spaces(seats: int) -> int:
    """Return how many parking spaces so many seats need."""
    return ceil(seats / SEATS_PER_SPACE)


service = Department(
    "traffic",
    Grant(
        asked=traffic.AssessParking,
        granted=traffic.ParkingApproved,
        denied=traffic.ParkingDenied,
        prefix="PK",
        checks=[
            Check(
                f"There must be a parking space for every {SEATS_PER_SPACE} seats.",
                lambda asked: asked.parking_spaces < spaces(asked.seats),
            )
        ],
        details=lambda asked, _day: {"required_spaces": spaces(asked.seats)},
    ),
    Grant(
        asked=traffic.StudyTraffic,
        granted=traffic.TrafficStudied,
        denied=traffic.TrafficStudyFailed,
        prefix="TS",
        checks=[
            Check(
                f"There must be an access road for every {UNITS_PER_ACCESS_ROAD} homes.",
                lambda asked: asked.access_roads * UNITS_PER_ACCESS_ROAD < asked.units,
            )
        ],
        details=lambda asked, _day: {"trips_per_day": asked.units * TRIPS_PER_UNIT},
    ),
    Grant(
        asked=traffic.AcceptRoads,
        granted=traffic.RoadsAccepted,
        denied=traffic.RoadsRefused,
        prefix="RD",
        checks=[
            Check(
                f"Roads must be {ROAD_METERS:g} meters wide.",
                lambda asked: asked.road_meters < ROAD_METERS,
            )
        ],
    ),
    Grant(
        asked=traffic.CloseArea,
        granted=traffic.AreaClosed,
        prefix="AC",
        details=lambda asked, _day: {
            "closed_streets": ceil(asked.radius_meters / METERS_PER_STREET)
        },
        undo=Undo(traffic.ReopenArea, traffic.AreaReopened),
    ),
).service
