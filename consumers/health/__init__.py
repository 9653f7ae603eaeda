"""Permits and inspects kitchens, and looks after people in an emergency."""

from consumers.health.service import service

__all__ = ["service"]
