"""The utilities: connections, shutoffs, and supply after an emergency."""

from __future__ import annotations

from typing import Final

from consumers.department import Check, Department, Grant, Undo
from consumers.messages import (
    ConnectUtilities,
    DisconnectUtilities,
    RestoreUtility,
    ShutOffUtility,
    UtilitiesConnected,
    UtilitiesDisconnected,
    UtilitiesRefused,
    UtilityRestored,
    UtilityShutOff,
)

CAPACITY: Final = 500
"""How many homes can be connected at once."""

VALVES: Final = {"water": 4, "gas": 6, "electricity": 2}

service = Department(
    "utilities",
    Grant(
        asked=ConnectUtilities,
        granted=UtilitiesConnected,
        denied=UtilitiesRefused,
        prefix="UC",
        checks=[
            Check(
                f"No more than {CAPACITY} homes can be connected at once.",
                lambda asked: asked.units > CAPACITY,
            )
        ],
        undo=Undo(DisconnectUtilities, UtilitiesDisconnected),
    ),
    Grant(
        asked=ShutOffUtility,
        granted=UtilityShutOff,
        prefix="SO",
        item="utility",
        details=lambda asked, _day: {"valves": VALVES[asked.utility]},
    ),
    Grant(
        asked=RestoreUtility,
        granted=UtilityRestored,
        prefix="UR",
        item="utility",
        details=lambda asked, _day: {"utility": asked.utility, "priority": asked.priority},
    ),
).service
