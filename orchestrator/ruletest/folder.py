"""Finds and reads the test files of a rule folder. Leaves their meaning to the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.document import read_file
from orchestrator.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = frozenset({".yaml", ".yml"})
_TESTS = "tests"


def read_test_files(path: Path) -> list[tuple[str, bytes]]:
    """Read the test files at `path`.

    Args:
        path: one file, or a folder: the ``*.yaml`` and ``*.yml`` files of its ``tests`` folders,
            or of itself if that is what it is. What is hidden is left out.

    Returns:
        Name and content of each, in the order of their names; at least one. Of a file over the
        size limit only as much as shows that it is.

    Raises:
        Misconfigured: there are none, or one cannot be read.
    """
    try:
        files = [(str(file), read_file(file)) for file in _test_files(path)]
    except OSError as error:
        raise Misconfigured(f"cannot read {error.filename}: {error.strerror}") from error
    if not files:
        raise Misconfigured(f"{path} holds no tests: write one in {path / _TESTS}/first.yaml")
    return files


def _test_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    is_tests = path.resolve().name == _TESTS
    return sorted(file for file in path.rglob("*") if _is_test_file(file, path, is_tests=is_tests))


def _is_test_file(file: Path, folder: Path, *, is_tests: bool) -> bool:
    inner = file.relative_to(folder).parts
    is_hidden = any(part.startswith(".") for part in inner)
    belongs = is_tests or _TESTS in inner[:-1]
    return file.suffix in _SUFFIXES and file.is_file() and belongs and not is_hidden
