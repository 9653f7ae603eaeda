"""An instance of a workflow over time, as lines of text. Reads accounts, not states."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli.output import text
from orchestrator.cli.timeline import interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_NAME: Final = 28
LONGEST_BAR: Final = 60
SHORTEST_BAR: Final = 10

_TOLD: Final = 36
"""Characters that are kept free for what is said beside a bar."""

_LEAST: Final = 12
"""Characters of a line of prose, however narrow the terminal is."""

_TIED: Final = "\N{NO-BREAK SPACE}"
"""Stands between the words of a fact, which belong on one line."""

_SIGNS: Final[Mapping[str, tuple[str, str | None]]] = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "incident": ("!", "red"),
    "skipped": ("-", None),
    "cancelled": ("-", None),
    "running": ("▸", "cyan"),
    "waiting": ("…", "yellow"),
    "unrouted": ("…", "yellow"),
    "compensating": ("↶", "yellow"),
}
_UNKNOWN: Final = ("·", None)
_UNDOING: Final[Mapping[str, str]] = {"completed": "taken back", "running": "being taken back"}


def draw(account: Mapping[str, Any], now: datetime, width: int = 80) -> Iterator[str]:
    """Yield the lines that show an instance.

    Args:
        account: what ``operation.account`` says of it.
        now: where bars of what is open end.
        width: of the terminal, in characters.
    """
    started = _moment(account["started_at"]) or now
    ended = _moment(account["ended_at"])
    until = max(ended or now, started + timedelta(milliseconds=1))
    yield click.style(f"{text(account['workflow'])}  {text(account['key'])}", bold=True)
    yield from _prose(_headline(account, started, ended, now), 2, width)
    if account["error"]:
        kind = "order" if account["error"]["type"] == "cancelled" else "failed"
        yield from _prose(f"{kind}: {_reason(account['error'])}", 2, width, "red")
    for step, reason in account["incidents"].items():
        yield from _prose(f"needs a person: {text(step)}: {text(reason)}", 2, width, "red")
    yield ""
    chart = _Chart.fitting(account["steps"], started, until, width)
    for step in account["steps"]:
        yield from chart.lines(step, now)


@dataclass(frozen=True, slots=True)
class _Chart:
    """Where things stand on a line.

    Attributes:
        start: the moment on the left.
        end: the moment on the right.
        width: of the terminal.
        names: characters for names.
        bar: characters for bars; 0 where there is no room for any.
    """

    start: datetime
    end: datetime
    width: int
    names: int
    bar: int

    @classmethod
    def fitting(
        cls, steps: list[Mapping[str, Any]], start: datetime, end: datetime, width: int
    ) -> _Chart:
        """Return a chart that fits the terminal: bars take what names and words leave."""
        longest = max(
            (len(text(each["name"])) + bool(each["compensation"]) for each in steps), default=0
        )
        names = min(longest, LONGEST_NAME, max(width // 2 - 4, 8))
        bar = min(width - names - 6 - _TOLD, LONGEST_BAR)
        return cls(start, end, width, names, bar if bar >= SHORTEST_BAR else 0)

    def lines(
        self, step: Mapping[str, Any], now: datetime, *, undoing: bool = False
    ) -> Iterator[str]:
        """Yield the lines of a step and of its compensation."""
        sign, color = _SIGNS.get(step["status"], _UNKNOWN)
        name = text(step["name"])
        name = name if len(name) <= self.names else f"{name[: self.names - 1]}…"
        bar = f"{click.style(self._bar(step), fg=color)}  " if self.bar else ""
        column = 4 + self.names + 2 + (self.bar + 2 if self.bar else 0)
        told = _wrap(_told(step, now, undoing=undoing), self.width - column) or [""]
        yield f"  {click.style(sign, fg=color)} {name:<{self.names}}  {bar}{told[0]}".rstrip()
        for line in told[1:]:
            yield " " * column + line
        if step["error"]:
            yield from _prose(_reason(step["error"]), 6, self.width, color)
        if step["compensation"] is not None:
            yield from self.lines(step["compensation"], now, undoing=True)

    def _bar(self, step: Mapping[str, Any]) -> str:
        """Return a line with a bar from where a step was opened to where it was closed."""
        opened = _moment(step["opened_at"])
        if opened is None:
            return " " * self.bar
        first = min(self._column(opened), self.bar - 1)
        last = max(self._column(_moment(step["closed_at"]) or self.end), first + 1)
        return f"{'·' * first}{'█' * (last - first)}{'·' * (self.bar - last)}"

    def _column(self, moment: datetime) -> int:
        share = (moment - self.start) / (self.end - self.start)
        return min(self.bar, max(0, round(share * self.bar)))


def _told(step: Mapping[str, Any], now: datetime, *, undoing: bool) -> str:
    """Return what there is to say of a step besides its bar, each fact tied together."""
    status, items = text(step["status"]), step["items"]
    told = [_UNDOING.get(status, status) if undoing else status]
    opened, closed = _moment(step["opened_at"]), _moment(step["closed_at"])
    if opened is not None and closed is not None and closed > opened:
        told.append(_length(closed - opened))
    if items is not None:
        told.append(f"{items['done']} of {items['total']}")
        told += [f"{items['failed']} failed"] if items["failed"] else []
    if step["attempts"] > 1:
        told.append(f"attempt {step['attempts']}")
    if closed is None:
        told += _open(step, now)
    return ", ".join(fact.replace(" ", _TIED) for fact in told)


def _open(step: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield whom a step that is open waits for, and how long."""
    if step["role"]:
        yield f"asks {text(step['role'])}"
    due = _moment(step["due"])
    if due is not None and step["status"] != "unrouted":  # then it is only when to look again
        left = due - now
        yield f"{_length(left)} left" if left > timedelta() else f"due for {_length(left)}"


def _headline(
    account: Mapping[str, Any], started: datetime, ended: datetime | None, now: datetime
) -> str:
    length = _length((ended or now) - started)
    ended_at = f", {length} until {_second(ended)}" if ended else f", {length} ago"
    return f"{text(account['status'])}, started {_second(started)}{ended_at}"


def _reason(error: Mapping[str, Any]) -> str:
    step = f"{text(error['step'])}: " if error.get("step") else ""
    return f"{step}{text(error['reason'])}"


def _prose(said: str, indent: int, width: int, color: str | None = None) -> Iterator[str]:
    for line in _wrap(said, width - indent):
        yield " " * indent + click.style(line, fg=color)


def _wrap(said: str, width: int) -> list[str]:
    lines = textwrap.wrap(said, max(width, _LEAST), break_on_hyphens=False)
    return [line.replace(_TIED, " ") for line in lines]


def _length(between: timedelta) -> str:
    return interval(abs(between)).removeprefix("+")


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(written: object) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None
