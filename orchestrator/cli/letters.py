"""How dead letters are shown: as rows, in full, as JSON. Knows no queue and no broker."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli.output import json_text, text
from orchestrator.cli.seen import see
from orchestrator.core import headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.deadletter import DeadLetter

_BESIDE: Final = frozenset({"type", "id", "data", "body", "by"})
"""What a page shows elsewhere than in its list of facts."""
UNROUTED: Final = "unrouted"
"""The reason of what found no queue: nobody tried it, and nothing failed."""

_ID_SHOWN: Final = 8  # `dlq show` takes any part that begins an id

_LEAST_WIDTH: Final = 20

COLUMNS: Final = ("queue", "time", "type", "key", "reason", "by", "attempts", "error", "id")


def row(letter: DeadLetter) -> dict[str, object]:
    """Return what a list shows of a dead letter, under the names of `COLUMNS`."""
    seen = see(letter.delivery, datetime.now(UTC))
    return {
        "queue": letter.queue,
        "time": letter.at or letter.delivery.timestamp,
        "type": seen.type,
        "key": seen.key,
        "reason": letter.reason,
        "by": letter.rule or letter.handler,
        "attempts": None if letter.reason == UNROUTED else letter.attempts,
        "error": letter.error,
        "id": seen.id,
    }


def entry(shown: Mapping[str, object], width: int) -> str:
    """Return a `row` as it looks on a terminal: what it is, and below it why.

    Args:
        shown: the row.
        width: of the terminal, in characters.
    """
    at = shown["time"]
    facts = [
        click.style(f"{text(shown['id'])[:_ID_SHOWN]:{_ID_SHOWN}}", bold=True),
        click.style(
            f"{at.astimezone():%m-%d %H:%M:%S}" if isinstance(at, datetime) else "", dim=True
        ),
        text(shown["queue"]),
        click.style(text(shown["type"]), fg="cyan"),
        click.style(text(shown["key"]), fg="magenta"),
    ]
    head = "  ".join(fact for fact in facts if click.unstyle(fact))
    error = f"{shown['reason']}: {shown['error']}" if shown["error"] else str(shown["reason"])
    indent = " " * (_ID_SHOWN + 2)
    why = textwrap.wrap(text(error), max(width - len(indent), _LEAST_WIDTH), break_on_hyphens=False)
    return "\n".join([head, *(f"{indent}{click.style(line, fg='red')}" for line in why)])


def detail(letter: DeadLetter) -> dict[str, object]:
    """Return everything about a dead letter."""
    seen = see(letter.delivery, datetime.now(UTC))
    return row(letter) | {
        "rule": letter.rule,
        "handler": letter.handler,
        "first_error": letter.first_error,
        "exchange": letter.exchange,
        "routing_key": letter.routing_key,
        "source": seen.source,
        "causationid": seen.causation_id,
        "headers": _own_headers(letter),
        "data": seen.data,
        "body": None if seen.problem is None else letter.delivery.body.decode(errors="replace"),
    }


def page(shown: dict[str, object]) -> str:
    """Return `detail` as text for a person."""
    hidden = _BESIDE if shown["first_error"] != shown["error"] else _BESIDE | {"first_error"}
    head = click.style(f"{text(shown['type'])}  {text(shown['id'])}", bold=True)
    facts = "".join(
        f"\n  {name.replace('_', ' '):<12} {text(shown[name])}"
        for name in shown
        if name not in hidden and shown[name] not in (None, "", {})
    )
    body = shown["body"]
    content = json_text(shown["data"], indented=True) if body is None else text(body)
    return f"{head}{facts}\n{content}\n"


def _own_headers(letter: DeadLetter) -> dict[str, object]:
    """Return what the message itself carried, without what its failure added."""
    return {
        name: value
        for name, value in letter.delivery.headers.items()
        if name not in headers.DEAD_LETTER and not name.startswith(headers.BROKER)
    }
