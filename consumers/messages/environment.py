"""Messages of the environment department, as in schemas/environment.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.grant import Denied, Granted
from consumers.messages.message import Count, Day, Message, Name, Reasons


class AssessEnvironment(Message):
    """Command: tell what a development does to its surroundings."""

    area_hectares: Annotated[float, Field(gt=0)]
    wetland: bool


class EnvironmentApproved(Granted):
    """Event: the surroundings can bear it."""

    conditions: Reasons


class EnvironmentDenied(Denied):
    """Event: the surroundings cannot bear it."""


class MonitorEnvironment(Message):
    """Command: measure air, water or soil for a while."""

    location: Name
    medium: Literal["air", "water", "soil"]


class EnvironmentMonitored(Granted):
    """Event: the measuring has begun."""

    stations: Count
    until: Day
