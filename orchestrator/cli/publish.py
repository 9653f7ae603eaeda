"""``orchestrator publish``: checks messages, then sends them. Leaves judging to the catalog."""

from __future__ import annotations

import asyncio
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.commands import Command, wants_json
from orchestrator.cli.connection import broker
from orchestrator.cli.context import find_type, load_catalog, read_settings
from orchestrator.core.envelope import encode
from orchestrator.core.event import Outgoing
from orchestrator.core.payload import read_json
from orchestrator.errors import BadMessage, Misconfigured, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.catalog import MessageType
    from orchestrator.core.event import Message
    from orchestrator.settings import Settings

SOURCE = "orchestrator-cli"
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Payload:
    """The data of one message, before anybody has checked it.

    Attributes:
        text: JSON.
        place: where it stands, for error texts; empty where it is the argument itself.
    """

    text: bytes
    place: str


@click.command(
    "publish",
    cls=Command,
    examples=[
        'orchestrator publish ComplaintWithdrawn \'{"reason": "settled"}\' --key C-991',
        "orchestrator publish ComplaintFiled @complaint.json --key C-991",
        "orchestrator publish ComplaintFiled - --lines < complaints.jsonl",
    ],
)
@click.argument("type_name", metavar="TYPE")
@click.argument("data", metavar="[JSON|-|@FILE]", default="{}")
@click.option(
    "--key", help="Correlation key, shared by everything about one case; the id if left out."
)
@click.option("--lines", is_flag=True, help="The data holds one message per line.")
def command(type_name: str, data: str, key: str | None, *, lines: bool) -> None:
    """Publish a message of type TYPE and print its id, once the broker has confirmed it.

    The data is JSON: the argument itself, - for standard input, or @FILE. It is checked against
    the payload schema first; if anything is wrong, nothing at all is sent.
    """
    settings = read_settings()
    message_type = find_type(load_catalog(settings.schemas), type_name)
    payloads = list(read_payloads(data, lines=lines))
    messages = compose(message_type, payloads, key, datetime.now(UTC))
    asyncio.run(_send(settings, messages))
    for message in messages:
        if wants_json():
            output.document({"id": message.id, "type": message.type, "key": message.correlation_id})
        else:
            click.echo(message.id)


def compose(
    message_type: MessageType, payloads: Sequence[Payload], key: str | None, now: datetime
) -> list[Message]:
    """Return the messages to send.

    Raises:
        Refused: a payload is not JSON or breaks the schema; the text says which, and where in it.
    """
    return [_compose(message_type, payload, key, now) for payload in payloads]


def _compose(
    message_type: MessageType, payload: Payload, key: str | None, now: datetime
) -> Message:
    try:
        data = read_json(payload.text)
        message_type.validate(data)
    except Refused as error:
        place = f"{payload.place}: " if payload.place else ""
        raise BadMessage(error.reason, f"{place}{error}; nothing was sent") from None
    message_id = uuid.uuid4().hex
    return encode(
        Outgoing(
            id=message_id,
            type=message_type.name,
            channel=message_type.channel,
            source=SOURCE,
            time=now,
            data=data,
            correlation_id=key or message_id,
            subject=key,
        )
    )


def read_payloads(data: str, *, lines: bool) -> Iterator[Payload]:
    """Yield the payloads that the argument `data` stands for.

    Args:
        data: JSON, - for standard input, or @FILE.
        lines: whether each line is one; else there is one in all.

    Raises:
        Misconfigured: the file cannot be read.
    """
    if data == "-":
        content, place = sys.stdin.buffer.read(), "standard input"
    elif data.startswith("@"):
        content, place = _file(Path(data[1:])), data[1:]
    else:
        content, place = data.encode(), ""
    if not lines:
        yield Payload(content, place)
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield Payload(line, f"{place or 'the data'}, line {number}")


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from None


async def _send(settings: Settings, messages: Sequence[Message]) -> None:
    async with broker(settings) as connected:
        with output.progress("publishing") as report:
            for start in range(0, len(messages), _BATCH):
                await connected.publish(messages[start : start + _BATCH])
                report(min(start + _BATCH, len(messages)), len(messages))
