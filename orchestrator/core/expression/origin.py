"""Where a piece of an expression stands, for errors. Computes a place only when one is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.core.problem import Position
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from orchestrator.core.expression.syntax import Node

Locate = Callable[[int], Position]
"""Gives the place in a file of a character of the source text."""

_MAX_QUOTE: Final = 60
_LONG_WORD: Final = re.compile(r"(\w{60})\w{20,}")


@dataclass(frozen=True, slots=True)
class Origin:
    """A text that holds expressions.

    Attributes:
        source: what offsets count in.
        locate: gives the place of an offset; None for a text that came from no file.
    """

    source: str
    locate: Locate | None

    def error(self, message: str, offset: int) -> ExpressionError:
        """Return the error to show for something at ``offset``; a very long name in it is cut."""
        shown = _LONG_WORD.sub(r"\1...", message)
        return ExpressionError(shown, self.locate(offset) if self.locate else None)


@dataclass(frozen=True, slots=True)
class Site:
    """A node and the text it came from."""

    node: Node
    origin: Origin

    def error(self, message: str) -> ExpressionError:
        """Return the error to show for this node."""
        return self.origin.error(message, self.node.start)

    def quote(self) -> str:
        """Return the source of the node on one line, cut if it is long."""
        text = " ".join(self.origin.source[self.node.start : self.node.end].split())
        return text if len(text) <= _MAX_QUOTE else f"{text[: _MAX_QUOTE - 3]}..."
