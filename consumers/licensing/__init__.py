"""Writes the reports of audits and gives notice to the councils they concern."""

from consumers.licensing.service import service

__all__ = ["service"]
