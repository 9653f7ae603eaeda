"""Prints results: tables on a terminal, plain lines when piped, JSON when asked. Knows no topic."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestrator.cli.commands import wants_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from rich.console import RenderableType

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, empty: str) -> None:
    """Print a finite list.

    Args:
        columns: names of the columns, which are also the keys to show, in order. JSON has every key
            a row has.
        rows: what to show.
        empty: what to say to a person when there is nothing to show.
    """
    found = list(rows)
    if wants_json():
        document(found)
    elif not on_terminal():
        for row in found:
            click.echo("\t".join(text(row.get(column)) for column in columns))
    elif found:
        _print_table(columns, found)
    else:
        click.echo(empty)


def _print_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    shown = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(text(row.get(c)), style=style(c, row.get(c))) for c in columns))
    console().print(shown)


def document(value: object) -> None:
    """Print one JSON document on one line."""
    click.echo(orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z))


def show(value: RenderableType) -> None:
    """Print something made for a terminal."""
    console().print(value)


def note(message: str) -> None:
    """Say something to the person, beside the results: on standard error, and not with --json."""
    if not wants_json():
        click.echo(message, err=True)


def on_terminal() -> bool:
    """Return whether results go to a person's terminal, and not as JSON."""
    return sys.stdout.isatty() and not wants_json()


def console() -> Console:
    """Return the terminal on standard output."""
    return Console(highlight=False, soft_wrap=False)


def text(value: object) -> str:
    """Return `value` in one line, harmless on a terminal whatever a message holds."""
    match value:
        case None:
            return ""
        case str():
            return _CONTROL.sub(_escape, value)
        case dict() | list():
            return orjson.dumps(value, default=str).decode()
        case _:
            return str(value)


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return _ESCAPES.get(found, f"\\x{ord(found):02x}")


_STYLES: Mapping[str, Mapping[object, str]] = {
    "status": {"ok": "green", "warning": "yellow", "error": "bold red"},
}
_COLUMN_STYLES = {"type": "cyan", "reason": "red", "key": "magenta", "time": "dim"}


def style(column: str, value: object) -> str:
    """Return the style a cell has: the same kind of fact looks the same in every command."""
    return _STYLES.get(column, {}).get(value, "") or _COLUMN_STYLES.get(column, "")


class Advance(Protocol):
    """Tells a progress bar how far the work is."""

    def __call__(self, steps: int = 1) -> None:
        """Add `steps` to what is done."""


@contextmanager
def progress(label: str, total: int | None) -> Generator[Advance, None, None]:
    """Show a progress bar on standard error while the context is open, if that is a terminal.

    Args:
        label: what is being done.
        total: how many steps there are; None when nobody knows.
    """
    if not sys.stderr.isatty():
        yield _ignore
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def advance(steps: int = 1) -> None:
            bar.advance(task, steps)

        yield advance


def _ignore(steps: int = 1) -> None:
    """Show nothing."""
