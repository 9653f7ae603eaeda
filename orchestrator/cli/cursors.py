"""Where a page of a list ended, as an option of a command. Knows no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.operation.pages import read_cursor, read_timer_cursor

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class CursorType(click.ParamType[Found]):
    """What a list gives with every entry.

    Args:
        read: reads it; raises ``ValueError`` for anything else.
    """

    name = "cursor"

    def __init__(self, read: Callable[[str], Found]) -> None:
        self._read = read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Found:
        """Return the place to go on behind."""
        try:
            return self._read(str(value))
        except ValueError:
            self.fail(
                f"{str(value)!r} is no place in the list: take what the page before ended with",
                param,
                ctx,
            )


CURSOR = CursorType(read_cursor)
TIMER_CURSOR = CursorType(read_timer_cursor)
