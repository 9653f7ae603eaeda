"""Tells what suits whom, from pictures and words."""

from consumers.styling.service import service

__all__ = ["service"]
