"""Messages of the health department, as in schemas/health.yaml."""

from __future__ import annotations

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Day, Label, Message, Name


class IssueHealthPermit(Message):
    """Command: permit a kitchen.

    Attributes:
        seats: how many guests it feeds at once.
        sinks: for washing hands.
    """

    business_name: Name
    seats: Count
    sinks: Count


class HealthPermitIssued(Granted):
    """Event: the kitchen may be used once it is inspected."""

    valid_until: Day


class HealthPermitDenied(Denied):
    """Event: the kitchen may not be used."""


class CancelHealthPermit(Undoing):
    """Command: take the permit of a kitchen back."""


class HealthPermitCancelled(Undone):
    """Event: the kitchen may not be used any more."""


class InspectKitchen(Message):
    """Command: look at a kitchen before it opens.

    Attributes:
        cold_store_celsius: how cold its store is.
    """

    health_permit: Label
    cold_store_celsius: float


class KitchenInspected(Granted):
    """Event: nothing was found in the kitchen.

    Attributes:
        inspected_on: a working day.
    """

    inspected_on: Day


class KitchenRefused(Denied):
    """Event: something was found in the kitchen."""


class SendMedicalTeams(Message):
    """Command: send doctors to an emergency."""

    location: Name
    injured: Count


class MedicalTeamsSent(Granted):
    """Event: doctors are on their way."""

    teams: Count


class FollowUpHealth(Message):
    """Command: stay in touch with those who were hurt or exposed."""

    injured: Count


class HealthFollowUpStarted(Granted):
    """Event: somebody looks after them.

    Attributes:
        until: the last day.
    """

    until: Day
