"""Messages of the utilities, as in schemas/utilities.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumers.messages.grant import Denied, Granted, Undoing, Undone
from consumers.messages.message import Count, Message, Name

Utility = Literal["water", "gas", "electricity"]


class ConnectUtilities(Message):
    """Command: connect new homes to water, power and sewer."""

    units: Count


class UtilitiesConnected(Granted):
    """Event: the homes are connected."""


class UtilitiesRefused(Denied):
    """Event: there is no capacity for the homes."""


class DisconnectUtilities(Undoing):
    """Command: cut the homes off again."""


class UtilitiesDisconnected(Undone):
    """Event: the homes are cut off."""


class ShutOffUtility(Message):
    """Command: cut an area off one utility."""

    utility: Utility
    location: Name


class UtilityShutOff(Granted):
    """Event: the area is cut off."""

    valves: Count


class RestoreUtility(Message):
    """Command: supply an area again.

    Attributes:
        priority: 1 comes first.
    """

    utility: Utility
    location: Name
    priority: Annotated[int, Field(ge=1)]


class UtilityRestored(Granted):
    """Event: the area is supplied again."""

    utility: Utility
    priority: Annotated[int, Field(ge=1)]
