"""Opens casefiles, keeps what is said about them, searches and analyses."""

from consumers.casefiles.service import service

__all__ = ["service"]
