"""The utilities: connections, shutoffs, and supply after an emergency."""

from __future__ import annotations

from typing import Final

from consumers.department import Check, Department, Grant, Undo
from consumers.messages import utilities

CAPACITY: Final = 500
"""How many homes can be connected at once."""

VALVES: Final = {"water": 4, "gas": 6, "electricity": 2}

service = Department(
    "utilities",
    Grant(
        asked=utilities.ConnectUtilities,
        granted=utilities.UtilitiesConnected,
        denied=utilities.UtilitiesRefused,
        prefix="UC",
        checks=[
            Check(
                f"No more than {CAPACITY} homes can be connected at once.",
                lambda asked: asked.units > CAPACITY,
            )
        ],
        undo=Undo(utilities.DisconnectUtilities, utilities.UtilitiesDisconnected),
    ),
    Grant(
        asked=utilities.ShutOffUtility,
        granted=utilities.UtilityShutOff,
        prefix="SO",
        items=("utility",),
        details=lambda asked, _day: {"valves": VALVES[asked.utility]},
    ),
    Grant(
        asked=utilities.RestoreUtility,
        granted=utilities.UtilityRestored,
        prefix="UR",
        items=("utility",),
        details=lambda asked, _day: {"utility": asked.utility, "priority": asked.priority},
    ),
).service
