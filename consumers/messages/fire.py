"""Messages of the fire department, as in schemas/fire.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from consumers.messages.grant import Denied, Granted
from consumers.messages.message import Count, Day, Message, Name


class InspectFireSafety(Message):
    """Command: look at exits and extinguishers."""

    address: Name
    seats: Count
    exits: Count


class FireInspectionPassed(Granted):
    """Event: the premises are safe.

    Attributes:
        inspected_on: a working day.
    """

    inspected_on: Day


class FireInspectionFailed(Denied):
    """Event: the premises are not safe."""


class PlanFireProtection(Message):
    """Command: plan hydrants and ways for engines.

    Attributes:
        units: homes to protect.
        road_meters: how wide the narrowest road is.
    """

    units: Count
    road_meters: Annotated[float, Field(gt=0)]


class FireProtectionPlanned(Granted):
    """Event: the homes can be protected."""

    hydrants: Count


class FireProtectionRefused(Denied):
    """Event: the homes cannot be protected."""
