"""The emergency center: crews, alerts, resources."""

from __future__ import annotations

from consumers.department import Check, Department, Grant
from consumers.emergency.crews import AT_RISK, crews, is_nowhere, resources
from consumers.messages import emergency

service = Department(
    "emergency",
    Grant(
        asked=emergency.DispatchResponders,
        granted=emergency.RespondersDispatched,
        denied=emergency.RespondersRefused,
        prefix="DR",
        checks=[Check("Nobody knows where that is: ask the caller.", is_nowhere)],
        details=lambda asked, _day: {"units": crews(asked)},
    ),
    Grant(
        asked=emergency.AlertPublic,
        granted=emergency.PublicAlerted,
        prefix="PA",
        details=lambda _asked, _day: {"channels": ["radio", "sirens", "text messages"]},
    ),
    Grant(
        asked=emergency.AllocateResources,
        granted=emergency.ResourcesAllocated,
        prefix="RA",
        details=lambda asked, _day: {"resources": resources(asked), "beds": asked.people_affected},
    ),
    Grant(
        asked=emergency.AssessInfrastructure,
        granted=emergency.InfrastructureAssessed,
        prefix="IA",
        details=lambda asked, _day: {"at_risk": list(AT_RISK[asked.emergency_type])},
    ),
).service
