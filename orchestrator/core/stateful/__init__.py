"""Rules that remember: joins, sequences, counts and absences. Pure; knows no store and no YAML."""

from orchestrator.core.stateful.pattern import (
    Absent,
    AtLeast,
    Count,
    Element,
    InSequence,
    Pattern,
)
from orchestrator.core.stateful.rule import MAX_COUNTED, StatefulRule

__all__ = [
    "MAX_COUNTED",
    "Absent",
    "AtLeast",
    "Count",
    "Element",
    "InSequence",
    "Pattern",
    "StatefulRule",
]
