"""What goes wrong inside an evaluation, before anybody knows where. Knows no source and no data."""

from __future__ import annotations


class EvaluationError(Exception):
    """A step cannot be done on the values at hand. Its text names kinds of values, never values."""


class FieldMissingError(EvaluationError):
    """A map does not have the field that was asked for."""
