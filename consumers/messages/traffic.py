"""Messages of the traffic department, as in schemas/traffic.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Message, Name


class AssessParking(Message):
    """Command: compare parking spaces with seats."""

    seats: Count
    parking_spaces: Count


class ParkingApproved(Granted):
    """Event: there are enough parking spaces."""

    required_spaces: Count


class ParkingDenied(Denied):
    """Event: there are too few parking spaces."""


class StudyTraffic(Message):
    """Command: tell what new homes do to the roads around."""

    units: Count
    access_roads: Count


class TrafficStudied(Granted):
    """Event: the roads around can take it."""

    trips_per_day: Count


class TrafficStudyFailed(Denied):
    """Event: the roads around cannot take it."""


class AcceptRoads(Message):
    """Command: take new roads over from the developer."""

    road_meters: Annotated[float, Field(gt=0)]


class RoadsAccepted(Granted):
    """Event: the city keeps the roads from now on."""


class RoadsRefused(Denied):
    """Event: the roads must be changed first."""


class CloseArea(Message):
    """Command: close streets around an emergency."""

    location: Name
    radius_meters: Annotated[float, Field(gt=0)]


class AreaClosed(Granted):
    """Event: nobody gets in."""

    closed_streets: Count


class ReopenArea(Undoing):
    """Command: open the streets again."""


class AreaReopened(Undone):
    """Event: everybody gets in again."""
