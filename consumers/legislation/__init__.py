"""Enters what bills change into the statute book, and finds out which agencies they concern."""

from consumers.legislation.service import service

__all__ = ["service"]
