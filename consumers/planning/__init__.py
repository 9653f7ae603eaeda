"""Looks after zones, plats, buildings and what becomes of them."""

from consumers.planning.service import service

__all__ = ["service"]
