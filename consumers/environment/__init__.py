"""Assesses and measures the surroundings."""

from consumers.environment.service import service

__all__ = ["service"]
