"""Messages of the archive service, as in schemas/archive.yaml."""

from __future__ import annotations

from consumers.messages.document import ClaimCheck  # noqa: TC001 (pydantic reads annotations)
from consumers.messages.message import Message, Slug


class ArchivePdf(Message):
    """Command: keep a document for good, under a name that people use."""

    name: Slug
    document: ClaimCheck


class PdfArchived(Message):
    """Event: the document was verified and lies in the archive."""

    name: Slug
    document: ClaimCheck
