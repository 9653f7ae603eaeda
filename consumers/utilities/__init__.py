"""Connects homes to water, gas and electricity, cuts them off and supplies them again."""

from consumers.utilities.service import service

__all__ = ["service"]
