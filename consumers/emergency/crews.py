"""Whom and what an emergency needs, by its type. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumers.messages.emergency import AllocateResources, DispatchResponders, EmergencyType

CREWS: Final[Mapping[EmergencyType, tuple[str, ...]]] = {
    "water_main_break": ("water crew", "traffic police"),
    "gas_leak": ("fire engine", "gas crew", "police"),
    "building_collapse": ("fire engine", "rescue squad", "structural engineer", "police"),
    "flooding": ("boat squad", "pump crew", "police"),
    "chemical_spill": ("hazmat squad", "fire engine", "police"),
    "other": ("patrol",),
}
EQUIPMENT: Final[Mapping[EmergencyType, tuple[str, ...]]] = {
    "water_main_break": ("water trucks", "pumps"),
    "gas_leak": ("gas detectors",),
    "building_collapse": ("cranes", "search dogs"),
    "flooding": ("sandbags", "pumps", "boats"),
    "chemical_spill": ("protective suits", "absorbent"),
    "other": (),
}
AT_RISK: Final[Mapping[EmergencyType, tuple[str, ...]]] = {
    "water_main_break": ("road surface", "cellars"),
    "gas_leak": ("gas grid", "neighboring buildings"),
    "building_collapse": ("neighboring buildings", "sewers"),
    "flooding": ("bridges", "substations", "sewers"),
    "chemical_spill": ("sewers", "ground water"),
    "other": (),
}

_NOWHERE: Final = frozenset({"?", "here", "somewhere", "unknown"})


def is_nowhere(asked: DispatchResponders) -> bool:
    """Tell whether no crew would find the place."""
    return asked.location.strip().lower() in _NOWHERE


def crews(asked: DispatchResponders) -> list[str]:
    """Return who is sent; with a critical emergency, somebody who leads them, too."""
    found = list(CREWS[asked.emergency_type])
    return [*found, "incident commander"] if asked.severity == "critical" else found


def resources(asked: AllocateResources) -> list[str]:
    """Return what is brought."""
    found = list(EQUIPMENT[asked.emergency_type])
    return [*found, "shelter"] if asked.people_affected else found
