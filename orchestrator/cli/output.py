"""Prints results: tables on a terminal, plain lines when piped, JSON when asked. Knows no topic."""

from __future__ import annotations

import sys
import textwrap
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import click
import orjson
import rich.progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestrator.cli.commands import wants_json
from orchestrator.telemetry.terminal import harmless, harmless_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence


_WIDE, _LEAST_WIDTH = 110, 20


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
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column.replace("_", " "), overflow="fold", no_wrap=column in _RIGID)
    for row in rows:
        shown.add_row(*(_cell(column, row.get(column)) for column in columns))
    console().print(shown)


def document(value: object) -> None:
    """Print one JSON document on one line."""
    click.echo(json_text(value))


def note(message: str) -> None:
    """Say something to the person, beside the results: on standard error, and not with --json."""
    if not wants_json():
        click.echo(message, err=True)


def on_terminal() -> bool:
    """Return whether results go to a person's terminal, and not as JSON."""
    return sys.stdout.isatty() and not wants_json()


def on_narrow_terminal() -> bool:
    """Return whether a table for a person has to do with fewer columns."""
    return on_terminal() and console().width < _WIDE


def console() -> Console:
    """Return the terminal on standard output."""
    return Console(highlight=False, soft_wrap=False)


def text(value: object) -> str:
    """Return `value` in one line, harmless on a terminal whatever a message holds."""
    match value:
        case None:
            return ""
        case str():
            return harmless(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        case dict() | list():
            return json_text(value)
        case _:
            return str(value)


def json_text(value: object, *, indented: bool = False) -> str:
    """Return `value` as JSON, which is harmless on a terminal, too."""
    indent = orjson.OPT_INDENT_2 if indented else 0
    written = orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | indent)
    return harmless_json(written.decode())


def wrapped(head: str, words: str, width: int | None) -> list[str]:
    """Return lines that begin with `head`, the further ones with blanks instead of it.

    Args:
        head: what stands before the words.
        words: at least one line of them, even where there are none.
        width: of the terminal, in characters; None never wraps.
    """
    room = len(words) if width is None else max(width - len(head), _LEAST_WIDTH)
    first, *rest = textwrap.wrap(words, max(room, 1), break_on_hyphens=False) or [""]
    return [f"{head}{first}", *(f"{' ' * len(head)}{each}" for each in rest)]


_STATUS_STYLES: Mapping[object, str] = {
    "ok": "green",
    "warning": "yellow",
    "error": "bold red",
    "incident": "bold red",
}
_STYLES = {"type": "cyan", "kind": "dim"}
_RIGID = frozenset(
    {"changed", "unchanged_for", "ended", "ago", "due", "in", "status", "kind", "revision", "steps"}
)
"""Columns that are no longer than they need be; of the others the widest fold where room is short.
A name or a key is never cut: people copy them."""


def _cell(column: str, value: object) -> Text:
    """Return a cell of a table: the same kind of fact looks the same in every command."""
    style = _STATUS_STYLES.get(value, "") if column == "status" else _STYLES.get(column, "")
    return Text(text(value), style=style)


class Progress(Protocol):
    """Hears how far the work is."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show that `done` steps of `total` are done; None when nobody knows how many there are."""


@contextmanager
def progress(label: str) -> Generator[Progress, None, None]:
    """Show a progress bar on standard error while the context is open, if that is a terminal."""
    if not sys.stderr.isatty():
        yield _show_nothing
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with rich.progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def shown(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield shown


def _show_nothing(done: int, total: int | None = None) -> None:
    """Nobody watches."""
