"""Shows the log lines of several programs in one place. Knows only what all lines have."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from orchestrator.cli.output import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from showcase.children import Child

_NAME_WIDTH, _EVENT_WIDTH, _KEY_WIDTH, _TYPE_WIDTH = 8, 18, 10, 20
_COLOURS = {
    "daemon": "blue",
    "notify": "green",
    "hr": "yellow",
    "permits": "magenta",
    "offices": "cyan",
}
_LEVELS = {"warning": "yellow", "error": "bold red", "critical": "bold red"}
_SHOWN_APART = frozenset({"timestamp", "level", "event", "correlation_id", "type", "message_id"})


class Logbook:
    """Prints each line under the name of who wrote it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, name: str, line: str) -> None:
        """Print `line` of the program `name`; a line that is no log line as it is."""
        head = Text(f"{name:{_NAME_WIDTH}} ", style=_COLOURS.get(name, ""))
        try:
            facts = json.loads(line)
        except json.JSONDecodeError:
            self._console.print(head, Text(text(line)), soft_wrap=True)
            return
        # What went wrong is shown whole; all else has one line, and `trace` shows the rest.
        whole = facts["level"] in _LEVELS or not self._console.is_terminal
        self._console.print(
            _time(facts),
            head,
            _content(facts, name),
            sep="",
            soft_wrap=whole,
            overflow="ellipsis",
            no_wrap=not whole,
        )

    async def note_end(self, child: Child) -> None:
        """Wait for `child` to end by itself, say so, and how to start it again."""
        how = await child.end()
        part = child.part
        command = f".venv/bin/orchestrator {' '.join(part.command)}"
        self._console.print(
            Text(f"{part.name} {how}; the others go on. To start it again:", style="bold red"),
            Text(f"  ORCHESTRATOR_HTTP_PORT={part.http_port} {command}"),
            sep="\n",
            soft_wrap=True,
        )


def _time(facts: dict[str, str]) -> Text:
    written = datetime.fromisoformat(facts["timestamp"]).astimezone()
    return Text(f"{written:%H:%M:%S}  ", style="dim")


def _content(facts: dict[str, object], author: str) -> Text:
    key = text(facts.get("correlation_id"))
    content = Text.assemble(
        (f"{text(facts['event']):{_EVENT_WIDTH}} ", _LEVELS.get(str(facts["level"]), "")),
        (f"{key:{_KEY_WIDTH}} " if key else "", "magenta"),
        (f"{text(facts['type']):{_TYPE_WIDTH}} " if "type" in facts else "", "cyan"),
        ("  ".join(_details(facts, author)), "dim"),
    )
    content.rstrip()
    return content


def _details(facts: dict[str, object], author: str) -> Iterator[str]:
    """Yield what has no column of its own; who wrote it and a first attempt go without saying."""
    for name, value in facts.items():
        match name:
            case "outcome":
                yield text(value)
            case "milliseconds":
                yield f"{value} ms"
            case _ if name in _SHOWN_APART or value == author or (name, value) == ("attempt", 1):
                pass
            case _:
                yield f"{name}={text(value)}"
