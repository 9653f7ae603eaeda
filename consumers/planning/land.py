"""The rules of the planning department about zones, land and buildings. Pure."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumers.messages.planning import (
        ApprovePreliminaryPlat,
        CheckZoning,
        IssueBuildingPermit,
        Use,
        Zone,
    )

ALLOWED: Final[Mapping[Use, frozenset[Zone]]] = {
    "restaurant": frozenset({"commercial", "mixed"}),
    "housing": frozenset({"residential", "mixed"}),
}
UNITS_PER_HECTARE: Final = 40
AREA_PER_FLOOR_M2: Final = 5_000
MOST_FLOORS: Final = 8
SCHOOL_SEATS: Final = 250
_UNITS_PER_CHILD: Final = 2

DAMAGE: Final[Mapping[str, tuple[float, int]]] = {
    "low": (20_000, 1),
    "high": (250_000, 4),
    "critical": (2_000_000, 12),
}
"""Severity of an emergency -> the damage in US dollars, and the permits for its repair."""


def is_out_of_zone(asked: CheckZoning) -> bool:
    """Tell whether a zone does not allow a use."""
    return asked.zone not in ALLOWED[asked.use]


def is_too_large(asked: IssueBuildingPermit) -> bool:
    """Tell whether a building has more area than its floors may have."""
    return asked.area_m2 > AREA_PER_FLOOR_M2 * asked.floors


def is_too_dense(asked: ApprovePreliminaryPlat) -> bool:
    """Tell whether there are more homes than the land may bear."""
    return asked.units > UNITS_PER_HECTARE * asked.area_hectares


def children(units: int) -> int:
    """Return how many children so many homes bring."""
    return ceil(units / _UNITS_PER_CHILD)
