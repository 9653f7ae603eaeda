"""What is wrong with a file, and where. Knows nothing of files or YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file a person edits. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return ``file:line:column``, the form that editors and terminals make clickable."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition.

    Attributes:
        position: where.
        message: what is wrong and how to write it instead, on one line.
        level: an ``error`` refuses the file, a ``warning`` does not.
    """

    position: Position
    message: str
    level: Level = "error"

    def __str__(self) -> str:
        """Return ``file:line:column: level: message``."""
        return f"{self.position}: {self.level}: {self.message}"
