"""Keeps documents for good, verified, under names that people use."""

from consumers.archive.service import service

__all__ = ["service"]
