"""Sends crews, alerts the public, and has resources brought."""

from consumers.emergency.service import service

__all__ = ["service"]
