"""Writes to people: through a mail server, or without one into a local Maildir."""

from consumers.notify.service import service

__all__ = ["service"]
