"""The document store: a small port, and a folder that is one. Knows no service."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from consumers.messages.document import ClaimCheck
from orchestrator.service import DependencyDown, Reject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE: Final = "DOCUMENTS_FOLDER"
DEFAULT_FOLDER: Final = "documents"
_READ_ONLY: Final = 0o444


class DocumentMissing(Exception):
    """Nobody has put the document there, or not yet: the message may come before its document."""


class Documents(Protocol):
    """Keeps documents by their content. Another store (S3, a database) is another of these."""

    async def put(self, content: bytes, media_type: str) -> ClaimCheck:
        """Keep `content` and return what claims it. Twice the same content is one document.

        Raises:
            DependencyDown: the store cannot be used now.
        """

    async def claim(self, check: ClaimCheck) -> bytes:
        """Return the document, which is the very one that was put.

        Raises:
            DocumentMissing: it is not there; it may still come.
            Reject: what is there has another size or digest.
            DependencyDown: the store cannot be used now.
        """


class DocumentFolder:
    """Documents as files named by their digests: ``<folder>/<two digits>/<the others>``."""

    def __init__(self, folder: Path) -> None:
        """Create nothing yet."""
        self._folder = folder

    async def put(self, content: bytes, media_type: str) -> ClaimCheck:
        """See ``Documents.put``."""
        check = claim_check(content, media_type)
        try:
            await asyncio.to_thread(_put, self._path(check), content)
        except OSError as error:
            raise self._down(error) from error
        return check

    async def claim(self, check: ClaimCheck) -> bytes:
        """See ``Documents.claim``."""
        try:
            content = await asyncio.to_thread(self._path(check).read_bytes)
        except FileNotFoundError:
            raise DocumentMissing(f"{check.digest} is not in the document store") from None
        except OSError as error:
            raise self._down(error) from error
        if (len(content), _digest(content)) != (check.size, check.digest):
            raise Reject(f"{check.digest}: what is there has another size or digest: put it again")
        return content

    def _path(self, check: ClaimCheck) -> Path:
        digits = check.digest.removeprefix("sha256:")
        return self._folder / digits[:2] / digits[2:]

    def _down(self, error: OSError) -> DependencyDown:
        return DependencyDown(f"{self._folder} cannot be used: {error.strerror}")


def claim_check(content: bytes, media_type: str) -> ClaimCheck:
    """Return what claims `content`."""
    return ClaimCheck(digest=_digest(content), size=len(content), media_type=media_type)


@contextmanager
def drafted(folder: Path, content: bytes) -> Iterator[Path]:
    """Write a read-only file that is safe on disk, for the block to move to its place.

    A reader never sees half a document, also after a crash; a draft that stays is deleted.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(_READ_ONLY)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def open_documents(environ: Mapping[str, str] = os.environ) -> DocumentFolder:
    """Return the store that the environment names; by default the folder ``documents``."""
    return DocumentFolder(Path(environ.get(VARIABLE) or DEFAULT_FOLDER))


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _put(path: Path, content: bytes) -> None:
    """Write the document, also over one that is there: it may have been damaged."""
    with drafted(path.parent, content) as draft:
        draft.replace(path)
