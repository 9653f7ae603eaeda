"""Finds and reads the rule files of a folder. Leaves their meaning to the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document import read_file
from orchestrator.errors import CannotRead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIXES = frozenset({".yaml", ".yml"})
_TESTS = "tests"


def read_rule_files(path: Path) -> list[tuple[str, bytes]]:
    """Read the rule files at `path`.

    Args:
        path: one file, or a folder whose ``*.yaml`` and ``*.yml`` files are read, those of its
            subfolders included; ``tests`` folders and what is hidden are left out.

    Returns:
        Name and content of each, in the order of their names; none for an empty folder. Of a file
        over the size limit only as much as shows that it is.

    Raises:
        CannotRead: there is no such file or folder, or one is closed to us.
    """
    try:
        return [(str(file), read_file(file)) for file in _rule_files(path)]
    except OSError as error:
        raise CannotRead(error, "ORCHESTRATOR_RULES") from error


def _rule_files(path: Path) -> list[Path]:
    return sorted(_found_in(path)) if path.is_dir() else [path]


def _found_in(folder: Path) -> Iterator[Path]:
    """Yield the rule files of a folder.

    Stop where one in it is closed to us: its rules would be missing, and nobody would know.
    """
    for each in folder.iterdir():
        if each.name.startswith("."):
            continue
        if each.is_dir():
            if each.name != _TESTS and not each.is_symlink():
                yield from _found_in(each)
        elif each.suffix in _SUFFIXES and each.is_file():
            yield each
