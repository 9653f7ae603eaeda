"""Reviews applications for permits, charges their fees, issues or denies them."""

from consumers.permits.service import service

__all__ = ["service"]
