"""Messages of the emergency center, as in schemas/emergency.yaml."""

from __future__ import annotations

from typing import Literal

from consumers.messages.grant import Denied, Granted
from consumers.messages.message import Count, Label, Message, Name, Reason

EmergencyType = Literal[
    "water_main_break",
    "gas_leak",
    "building_collapse",
    "flooding",
    "chemical_spill",
    "other",
]
Severity = Literal["low", "high", "critical"]


class DispatchResponders(Message):
    """Command: send the crews that an emergency needs."""

    emergency_type: EmergencyType
    severity: Severity
    location: Name


class RespondersDispatched(Granted):
    """Event: crews are on their way."""

    units: list[Label]


class RespondersRefused(Denied):
    """Event: nobody can be sent."""


class AlertPublic(Message):
    """Command: tell everybody near an emergency what to do."""

    location: Name
    text: Reason


class PublicAlerted(Granted):
    """Event: everybody near has been told."""

    channels: list[Label]


class AllocateResources(Message):
    """Command: have equipment and shelter brought.

    Attributes:
        people_affected: how many need shelter.
    """

    emergency_type: EmergencyType
    people_affected: Count


class ResourcesAllocated(Granted):
    """Event: equipment and shelter are on their way."""

    resources: list[Label]
    beds: Count


class AssessInfrastructure(Message):
    """Command: look at bridges, pipes and cables near an emergency."""

    location: Name
    emergency_type: EmergencyType


class InfrastructureAssessed(Granted):
    """Event: what else may break is known."""

    at_risk: list[Label]
