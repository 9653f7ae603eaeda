"""Draws a case as a tree with times, and writes it as JSON. Knows no broker."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from datetime import UTC, timedelta
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli.letters import UNROUTED
from orchestrator.cli.output import text
from orchestrator.core.scheduled import rule_and_tick

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from orchestrator.cli.causality import GivenUp, Step

_TIME_WIDTH = 12
_LEAST_WIDTH = 20
_TITLE_WIDTH = 26
_LEVEL = 3
_FEWEST_LEVELS = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said about a message, below it.

    Attributes:
        mark: one character.
        colour: of the mark.
        title: in its own column.
        words: wrapped where the line ends.
    """

    mark: str
    colour: str
    title: str
    words: str


NO_REMARKS: Final[Mapping[str, Sequence[Remark]]] = MappingProxyType({})


def draw(
    key: str,
    steps: Sequence[Step],
    line_width: int | None = None,
    remarks: Mapping[str, Sequence[Remark]] = NO_REMARKS,
) -> Iterator[str]:
    """Yield the lines that show a case to a person.

    Args:
        key: its correlation key.
        steps: at least one, in causal order.
        line_width: wrap what is long at so many characters; None never wraps.
        remarks: id of a message -> what to say about it.
    """
    start = _start(steps)
    yield f"{click.style(text(key), fg='magenta', bold=True)}: {_counted(steps)}"
    if start is not None:
        began = start.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")
        yield _dim(f"began {began.removesuffix('+00:00')} UTC")
    yield ""
    guides = _Guides(_levels(steps, line_width))
    width = max(len(guides.of(step)) + len(_name(step)) for step in steps)
    for step, following in zip_longest(steps, steps[1:]):
        yield _line(step, guides, start, width)
        told = {one.title for one in remarks.get(step.id, ())}
        for letter in step.dead_letters:
            if letter.part not in told:
                yield from _losses(guides.of(step, below=True), letter, line_width)
        has_effects = following is not None and len(following.branches) > len(step.branches)
        lead = " " * (_TIME_WIDTH + 2) + guides.of(step, below=True)
        if has_effects:
            lead = f"{lead[:-3]}│  "
        yield from _remarks(lead, remarks.get(step.id, ()), line_width)


def as_json(key: str, steps: Sequence[Step]) -> dict[str, object]:
    """Return a case as one JSON object: the steps in causal order, each with its depth."""
    start = _start(steps)
    return {"correlationid": key, "steps": [_step_as_json(step, start) for step in steps]}


def interval(between: timedelta) -> str:
    """Return a length of time, as exactly as a person needs it."""
    exact = abs(between.total_seconds())
    seconds = int(exact)
    if exact < 1:
        shown = f"{exact * 1000:.0f} ms"
    elif seconds < _MINUTE:
        shown = f"{exact:.2f} s"
    elif seconds < _HOUR:
        shown = f"{seconds // _MINUTE} m {seconds % _MINUTE:02} s"
    elif seconds < _DAY:
        shown = f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02} m"
    else:
        shown = f"{seconds // _DAY} d {seconds % _DAY // _HOUR:02} h"
    return f"{'-' if between < timedelta() else '+'}{shown}"


def _start(steps: Sequence[Step]) -> datetime | None:
    messages = [step.message for step in steps if step.message is not None]
    return min((message.time for message in messages if message.timed), default=None)


def _counted(steps: Sequence[Step]) -> str:
    found = sum(step.message is not None for step in steps)
    lost = sum(len(step.dead_letters) for step in steps)
    counted = f"{found} message{'' if found == 1 else 's'}"
    if not lost:
        return counted
    letters = click.style(f"{lost} dead letter{'' if lost == 1 else 's'}", fg="red")
    return f"{counted}, {letters}"


def _levels(steps: Sequence[Step], line_width: int | None) -> int | None:
    """Return how many levels of the tree fit beside the names and senders; None for all."""
    if line_width is None:
        return None
    found = [step for step in steps if step.message is not None]
    told = max((len(_name(one)) + len(click.unstyle(_sender(one))) for one in found), default=0)
    room = line_width - _TIME_WIDTH - 4 - told  # with the gaps around the guides and names
    return max(room // _LEVEL - 1, _FEWEST_LEVELS)


def _line(step: Step, lines: _Guides, start: datetime | None, width: int) -> str:
    guides, name = lines.of(step), _name(step)
    padding = " " * (width - len(guides) - len(name))
    message = step.message
    when = interval(message.time - start) if message and message.timed and start else ""
    colour = {"fg": "cyan", "bold": True} if step.message else {"dim": True}
    shown = f"{_dim(guides)}{click.style(name, **colour)}{padding}"
    return f"{when:>{_TIME_WIDTH}}  {shown}  {_sender(step)}".rstrip()


@dataclass(frozen=True, slots=True)
class _Guides:
    """The lines that lead to the messages of a case.

    Attributes:
        levels: how many are drawn; of what is deeper, the last ones, and the number left out.
    """

    levels: int | None

    def of(self, step: Step, *, below: bool = False) -> str:
        """Return the lines that lead from the root to `step`, or those that pass by below it."""
        *above, follows = step.branches or (False,)
        if not step.branches:
            return "   " if below else ""
        cut = 0 if self.levels is None else len(step.branches) - self.levels
        passing = "".join("│  " if more else "   " for more in above[max(cut, 0) :])
        if cut > 0:
            passing = ("  ⋯" if below else f"{cut:>2}⋯") + passing
        if below:
            return passing + ("│     " if follows else "      ")
        return passing + ("├─ " if follows else "└─ ")


def _name(step: Step) -> str:
    if step.message:
        return text(step.message.type)
    run = rule_and_tick(step.id)
    return f"tick {run[1]}" if run else f"not found: {text(step.id)}"


def _sender(step: Step) -> str:
    message = step.message
    if message is None:
        run = rule_and_tick(step.id)
        told = f"schedule {run[0]}" if run else "of another key, gone from the log, or never sent"
        return _dim(told)
    source = f"from {message.source}" if message.source else "sender unnamed"
    sender = f"rule {message.rule}" if message.rule else source
    copies = click.style(f"  published {step.copies} times", fg="yellow") if step.copies > 1 else ""
    return text(sender) + copies


def _losses(guides: str, letter: GivenUp, line_width: int | None) -> Iterator[str]:
    """Yield the lines that tell of one dead letter, below its message."""
    indent = _TIME_WIDTH + 2 + len(guides)
    told = _loss(letter)
    room = len(told) if line_width is None else max(line_width - indent, _LEAST_WIDTH)
    colour = "yellow" if letter.reason == UNROUTED else "red"
    for line in textwrap.wrap(told, room, subsequent_indent="  ", break_on_hyphens=False):
        yield f"{' ' * (_TIME_WIDTH + 2)}{_dim(guides)}{click.style(line, fg=colour)}"


def _remarks(lead: str, remarks: Sequence[Remark], line_width: int | None) -> Iterator[str]:
    """Yield the lines of remarks: their words in one column, or below a title that is too long."""
    column = min(max((len(text(one.title)) for one in remarks), default=0), _TITLE_WIDTH)
    for one in remarks:
        title = text(one.title)
        head = f"{_dim(lead)}{click.style(one.mark, fg=one.colour)} {title:{column}}"
        if len(title) > column:
            yield head
            head = f"{_dim(lead)}  {'':{column}}"
        used = len(lead) + 2 + column + 2
        room = len(one.words) if line_width is None else max(line_width - used, _LEAST_WIDTH)
        first, *rest = textwrap.wrap(one.words, max(room, 1), break_on_hyphens=False) or [""]
        yield f"{head}  {first}".rstrip()
        for line in rest:
            yield f"{_dim(lead)}{' ' * (column + 4)}{line}"


def _loss(letter: GivenUp) -> str:
    if letter.reason == UNROUTED:
        return f"✗ no queue takes it; kept in {text(letter.queue)}"
    part = f" by {letter.part}" if letter.part else ""
    attempts = f" after {letter.attempts} attempts" if letter.attempts > 1 else ""
    error = f": {letter.error}" if letter.error else ""
    return text(f"✗ dead letter in {letter.queue}: {letter.reason}{part}{attempts}{error}")


def _dim(shown: str) -> str:
    return click.style(shown, dim=True) if shown else ""


def _step_as_json(step: Step, start: datetime | None) -> dict[str, object]:
    message = step.message
    facts: dict[str, object] = {
        "id": step.id,
        "depth": len(step.branches),
        "found": message is not None,
        "dead_letters": [asdict(letter) for letter in step.dead_letters],
    }
    if message is not None:
        since = message.time - start if message.timed and start else None
        facts |= asdict(message) | {
            "copies": step.copies,
            "seconds_since_start": since.total_seconds() if since is not None else None,
        }
    return facts
