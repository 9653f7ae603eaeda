"""Inspects premises and plans the protection of new ones."""

from consumers.fire.service import service

__all__ = ["service"]
