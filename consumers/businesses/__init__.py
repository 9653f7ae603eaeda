"""Licenses businesses and lets restaurants open."""

from consumers.businesses.service import service

__all__ = ["service"]
