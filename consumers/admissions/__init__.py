"""Checks applications for programs, schedules interviews and decides."""

from consumers.admissions.service import service

__all__ = ["service"]
