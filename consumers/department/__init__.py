"""What departments of a city have in common: they grant or deny, by rules, under a number."""

from consumers.department.calendar import working_day_after, years_later
from consumers.department.declaration import Check, Department, Grant, Undo

__all__ = ["Check", "Department", "Grant", "Undo", "working_day_after", "years_later"]
