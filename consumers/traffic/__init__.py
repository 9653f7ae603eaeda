"""Looks after parking, roads, and closed streets."""

from consumers.traffic.service import service

__all__ = ["service"]
