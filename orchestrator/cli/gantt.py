"""An instance of a workflow over time, as lines of text. Reads accounts, not states."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli.output import text
from orchestrator.cli.timeline import interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NARROWEST: Final = 60
_BAR: Final = 24
_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "incident": ("!", "red"),
    "skipped": ("-", "white"),
    "cancelled": ("-", "white"),
    "running": ("▸", "cyan"),
    "waiting": ("…", "yellow"),
    "unrouted": ("…", "yellow"),
    "compensating": ("↶", "yellow"),
}
_UNKNOWN: Final = ("·", "white")


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
    yield _headline(account, started, ended, now)
    if account["error"]:
        yield click.style(f"  failed: {_reason(account['error'])}", fg="red")
    for step, reason in account["incidents"].items():
        yield click.style(f"  needs a person: {text(step)}: {text(reason)}", fg="red")
    yield ""
    bar = max(_BAR, min(60, width - 56)) if width >= NARROWEST else 0
    names = max((len(step["name"]) for step in account["steps"]), default=0)
    for step in account["steps"]:
        yield from _step(step, _Scale(started, until, bar), min(max(names, 8), 32))


class _Scale:
    """Where moments lie on a line of a given length."""

    def __init__(self, start: datetime, end: datetime, width: int) -> None:
        self.start, self.end, self.width = start, end, width

    def bar(self, opened: datetime | None, closed: datetime | None) -> str:
        """Return a line with a bar from `opened` to `closed`."""
        if opened is None or not self.width:
            return " " * self.width
        first = self._column(opened)
        last = max(self._column(closed or self.end), first + 1)
        return f"{'·' * first}{'█' * (last - first)}{'·' * (self.width - last)}"[: self.width]

    def _column(self, moment: datetime) -> int:
        share = (moment - self.start) / (self.end - self.start)
        return min(self.width - 1, max(0, round(share * self.width)))


def _step(step: Mapping[str, Any], scale: _Scale, names: int, depth: int = 1) -> Iterator[str]:
    sign, color = _SIGNS.get(step["status"], _UNKNOWN)
    opened, closed = _moment(step["opened_at"]), _moment(step["closed_at"])
    name = text(step["name"])[:names].ljust(names)
    bar = f"  {click.style(scale.bar(opened, closed), fg=color)}" if scale.width else ""
    line = f"{'  ' * depth}{click.style(sign, fg=color)} {name}{bar}  {_told(step, opened, closed)}"
    yield line.rstrip()
    if step["compensation"] is not None:
        yield from _step(step["compensation"], scale, names, depth)


def _told(step: Mapping[str, Any], opened: datetime | None, closed: datetime | None) -> str:
    """Return what there is to say of a step besides its bar."""
    told = [step["status"]]
    if opened is not None and closed is not None and closed > opened:
        told.append(interval(closed - opened).removeprefix("+"))
    if step["items"] is not None:
        items = step["items"]
        told.append(f"{items['done']} of {items['total']}")
    if step["attempts"] > 1:
        told.append(f"attempt {step['attempts']}")
    if step["role"] and closed is None:
        told.append(f"asks {text(step['role'])}")
    if step["due"] and closed is None:
        told.append(f"until {text(_moment(step['due']))}")
    if step["error"]:
        told.append(_reason(step["error"]))
    return ", ".join(told)


def _headline(
    account: Mapping[str, Any], started: datetime, ended: datetime | None, now: datetime
) -> str:
    length = interval((ended or now) - started).removeprefix("+")
    ended_at = f", {length} until {text(ended)}" if ended else f", {length} ago"
    return f"  {account['status']}, started {text(started)}{ended_at}"


def _reason(error: Mapping[str, Any]) -> str:
    step = f"{text(error['step'])}: " if error.get("step") else ""
    return f"{step}{text(error['reason'])}"


def _moment(written: object) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None
