"""Shows how far everything is: live on a terminal, as lines elsewhere. Counts nothing."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, Self

from rich.box import ROUNDED
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.cli.output import text
from showcase.record import kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from orchestrator.cli.seen import Seen
    from showcase.highlights import Highlight
    from showcase.record import Kind, Totals

WIDTH = 96
ROWS = 8

_LINE_SECONDS = 1.0
_MARKS: dict[Kind, tuple[str, str]] = {
    "event": ("●", "bold"),
    "command": ("→", "blue"),
    "reply": ("←", "green"),
}


class Board(Protocol):
    """Shows the numbers for as long as it is open."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show no more; what was shown last stays."""

    def show(self, totals: Totals, newest: Sequence[Seen], waiting: Sequence[Highlight]) -> None:
        """Show the numbers, what rules wait for, and the newest messages, oldest first."""


def board(console: Console, goal: Totals) -> Board:
    """Return the board that suits where the output goes."""
    return _LiveBoard(console, goal) if console.is_terminal else _Lines(console, goal)


class _LiveBoard:
    """Redraws one picture of constant height."""

    def __init__(self, console: Console, goal: Totals) -> None:
        self._goal = goal
        self._began = time.monotonic()
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, totals: Totals, newest: Sequence[Seen], waiting: Sequence[Highlight]) -> None:
        width = min(self._live.console.width, WIDTH)
        bar = _bar(totals, self._goal)
        # The bar does not end its line: the first empty text does.
        gap = Text()
        body = Group(
            *(_tiles(totals, self._goal), gap, bar, gap, gap, _waiting(waiting)),
            *(gap, _ticker(newest)),
        )
        seconds = time.monotonic() - self._began
        frame = Panel(
            body,
            box=ROUNDED,
            border_style="dim",
            title=Text("a day at the labor office", style="bold"),
            subtitle=Text(f"{seconds:.1f} s", style="dim"),
            width=width,
            padding=(1, 2, 0, 2),
        )
        self._live.update(frame, refresh=True)


class _Lines:
    """Prints a line when something has changed, at most one a second."""

    def __init__(self, console: Console, goal: Totals) -> None:
        self._console = console
        self._goal = goal
        self._began = self._printed_at = time.monotonic()
        self._printed = self._newest = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._newest != self._printed:
            self._print()

    def show(
        self,
        totals: Totals,
        newest: Sequence[Seen],  # noqa: ARG002 - the board's
        waiting: Sequence[Highlight],  # noqa: ARG002 - the board's
    ) -> None:
        self._newest = "  ".join(_said(totals, self._goal))
        is_time = time.monotonic() - self._printed_at >= _LINE_SECONDS
        if is_time and self._newest != self._printed:
            self._print()

    def _print(self) -> None:
        self._printed, self._printed_at = self._newest, time.monotonic()
        seconds = self._printed_at - self._began
        self._console.print(f"{seconds:5.1f} s  {self._printed}", soft_wrap=True)


def _said(totals: Totals, goal: Totals) -> list[str]:
    *counted, (_, still_open) = asdict(totals).items()
    wanted = asdict(goal)
    shown = [f"{name.replace('_', ' ')} {count}/{wanted[name]}" for name, count in counted]
    return [*shown, f"open {still_open}"]


def _tiles(totals: Totals, goal: Totals) -> Table:
    """Return the six numbers side by side, each with what it has to become."""
    tiles = Table.grid(expand=True)
    names, numbers = [], []
    for name, count in asdict(totals).items():
        tiles.add_column(justify="center", ratio=1)
        names.append(Text(name.replace("_", " "), style="dim"))
        numbers.append(_number(name, count, asdict(goal)[name]))
    tiles.add_row(*names)
    tiles.add_row(*numbers)
    return tiles


def _number(name: str, count: int, wanted: int) -> Text:
    if name == "open_cases":
        return Text(str(count), style="bold yellow" if count else "bold green")
    style = {"retries": "bold yellow", "dead_letters": "bold red"}.get(name, "bold cyan")
    return Text.assemble((str(count), style if count else "bold dim"), (f" / {wanted}", "dim"))


def _bar(totals: Totals, goal: Totals) -> ProgressBar:
    messages = [each.events + each.commands + each.replies for each in (totals, goal)]
    return ProgressBar(
        completed=messages[0],
        total=messages[1],
        complete_style="cyan",
        finished_style="green",
    )


def _waiting(highlights: Sequence[Highlight]) -> Table:
    """Return what takes more than one event: which rule waits, and how far it is."""
    rows = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for width in (1, 15):
        rows.add_column(width=width, no_wrap=True)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for each in highlights:
        mark = Text("✓", style="green") if each.done else Text("…", style="yellow")
        state = Text(each.state, style="green" if each.done else "yellow")
        rows.add_row(mark, Text(each.rule, style="cyan"), state)
    return rows


def _ticker(newest: Sequence[Seen]) -> Table:
    """Return the newest messages, with empty rows where there are not enough."""
    ticker = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for width in (12, 1, 26, 8):
        ticker.add_column(width=width, no_wrap=True)
    ticker.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for seen in newest:
        mark, style = _MARKS[kind(seen)]
        ticker.add_row(
            Text(f"{seen.time.astimezone():%H:%M:%S.%f}"[:-3], style="dim"),
            Text(mark, style=style),
            Text(text(seen.type), style="cyan"),
            Text(text(seen.key), style="magenta"),
            Text(text(seen.sender), style="dim"),
        )
    for _ in range(ROWS - len(newest)):
        ticker.add_row(Text())
    return ticker
