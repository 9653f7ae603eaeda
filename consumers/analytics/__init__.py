"""Notes what shows only when many cases are looked at."""

from consumers.analytics.service import service

__all__ = ["service"]
