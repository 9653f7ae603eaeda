"""The archive: a folder of read-only files that are never replaced. Knows no message."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from consumers.documents import drafted
from orchestrator.service import DependencyDown, Reject

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE: Final = "ARCHIVE_FOLDER"
DEFAULT_FOLDER: Final = "archive"


class Shelf:
    """Files by name."""

    def __init__(self, folder: Path) -> None:
        """Create nothing yet."""
        self._folder = folder

    async def keep(self, name: str, content: bytes) -> Path:
        """Write `content` under `name`; if it is there already, change nothing.

        Args:
            name: the file name with its suffix.
            content: all of it.

        Returns:
            Where it lies.

        Raises:
            Reject: something else lies there under this name.
            DependencyDown: the folder cannot be used now.
        """
        path = self._folder / name
        try:
            await asyncio.to_thread(_keep, path, content)
        except OSError as error:
            raise DependencyDown(f"{self._folder} cannot be used: {error.strerror}") from error
        return path


def open_shelf(environ: Mapping[str, str] = os.environ) -> Shelf:
    """Return the archive that the environment names; by default the folder ``archive``."""
    return Shelf(Path(environ.get(VARIABLE) or DEFAULT_FOLDER))


def _keep(path: Path, content: bytes) -> None:
    with drafted(path.parent, content) as draft:
        try:
            path.hardlink_to(draft)  # unlike a rename, fails where there is a file already
        except FileExistsError:
            if path.read_bytes() != content:
                raise Reject(
                    f"another document is archived as {path.name}: give this one another name"
                ) from None
