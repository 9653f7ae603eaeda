"""How dead letters are shown: as rows, in full, as JSON. Knows no queue and no broker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
import orjson

from orchestrator.cli.output import text
from orchestrator.cli.seen import see
from orchestrator.core import headers

if TYPE_CHECKING:
    from orchestrator.core.deadletter import DeadLetter

UNROUTED: Final = "unrouted"
"""The reason of what found no queue: nobody tried it, and nothing failed."""

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
    head = click.style(f"{text(shown['type'])}  {text(shown['id'])}", bold=True)
    facts = "".join(
        f"\n  {name.replace('_', ' '):<12} {text(shown[name])}"
        for name in shown
        if name not in {"type", "id", "data", "body", "by"} and shown[name] not in (None, "", {})
    )
    body = shown["body"]
    content = (
        orjson.dumps(shown["data"], option=orjson.OPT_INDENT_2).decode()
        if body is None
        else text(body)
    )
    return f"{head}{facts}\n{content}\n"


def _own_headers(letter: DeadLetter) -> dict[str, object]:
    """Return what the message itself carried, without what its failure added."""
    return {
        name: value
        for name, value in letter.delivery.headers.items()
        if name not in headers.DEAD_LETTER and not name.startswith(headers.BROKER)
    }
