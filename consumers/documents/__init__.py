"""Documents too large for a message: put once, claimed by digest, verified. Knows no service."""

from consumers.documents.store import (
    DocumentFolder,
    DocumentMissing,
    Documents,
    claim_check,
    drafted,
    open_documents,
)

__all__ = [
    "DocumentFolder",
    "DocumentMissing",
    "Documents",
    "claim_check",
    "drafted",
    "open_documents",
]
