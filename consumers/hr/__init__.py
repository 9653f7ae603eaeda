"""Assigns investigators: each case to whoever of the region has the fewest open ones."""

from consumers.hr.service import service

__all__ = ["service"]
