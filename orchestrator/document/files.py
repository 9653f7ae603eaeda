"""Reads the bytes of a file that people edit. Knows neither YAML nor which files there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document.reading import LIMITS

if TYPE_CHECKING:
    from pathlib import Path


def read_file(file: Path) -> bytes:
    """Return the content of a file; of one over the size limit only as much as shows that it is.

    Raises:
        OSError: it is not there, or closed to us.
    """
    with file.open("rb") as stream:
        return stream.read(LIMITS.size_bytes + 1)
