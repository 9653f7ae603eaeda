"""The archive service: claims documents, verifies and keeps them. Knows no folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from consumers.archive.shelf import Shelf, open_shelf
from consumers.documents import Documents, open_documents
from consumers.messages.archive import ArchivePdf, PdfArchived
from orchestrator.service import Context, Reject, Service

MEDIA_TYPE: Final = "application/pdf"
SIGNATURE: Final = b"%PDF-"


@dataclass(frozen=True, slots=True)
class Stacks:
    """Where documents come from, and where they are kept."""

    documents: Documents
    shelf: Shelf


@asynccontextmanager
async def open_stacks() -> AsyncIterator[Stacks]:
    """Open what the environment asks for."""
    yield Stacks(open_documents(), open_shelf())


service = Service("archive", channels=["archive.v1"], resources=open_stacks)


@service.on("ArchivePdf")
async def archive(command: ArchivePdf, context: Context[Stacks]) -> PdfArchived:
    """Keep the document if it is the one that was meant, and a PDF."""
    content = await context.resources.documents.claim(command.document)
    if command.document.media_type != MEDIA_TYPE or not content.startswith(SIGNATURE):
        raise Reject(f"{command.name} is not a PDF: put the right document into the store")
    await context.resources.shelf.keep(f"{command.name}.pdf", content)
    return PdfArchived(name=command.name, document=command.document)
