"""Turns what a handler returns into messages with derived ids. Pure; publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from orchestrator.core.envelope import encode
from orchestrator.core.event import Outgoing
from orchestrator.core.ids import message_id
from orchestrator.errors import BadMessage, Misconfigured, SchemaViolation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orchestrator.core.event import Message
    from orchestrator.service.directory import Directory, MessageType
    from orchestrator.service.handler import Handler
    from orchestrator.service.work import Work

COMMAND_FAILED: Final = "CommandFailed"

MAX_REPLY_BYTES: Final = 128 * 1024 * 1024
"""What one message may lead to: it is remembered as one value, and Redis takes none of 512 MiB."""

_FAILURE_INDEX: Final = 2**32 - 1
"""Index of the failure among a message's replies: no handler returns that many."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """What an event says, before anybody knows who hears it."""

    name: str
    channel: str
    data: object


class Replies:
    """Writes the events of one service."""

    def __init__(self, service: str, directory: Directory) -> None:
        self._service = service
        self._directory = directory

    def verify(self, handlers: Iterable[Handler]) -> None:
        """Check that everything `handlers` say they return is documented.

        Raises:
            Misconfigured: naming the handler and the type.
        """
        for handler in handlers:
            for name in sorted({*handler.replies, COMMAND_FAILED}):
                if self._directory.event(name) is None:
                    raise Misconfigured(
                        f"service {self._service}: {name}, which {handler.name} may lead to, is in"
                        f" no document of the schemas folder: {_way_out(name)}"
                    )

    def of(self, work: Work, returned: object, now: datetime) -> tuple[Message, ...]:
        """Return the messages for what the handler of `work` returned.

        The n-th reply to a message always has the same id, whatever it says.

        Args:
            work: what was handled.
            returned: None, a model, or several models.
            now: their time, aware.

        Raises:
            SchemaViolation: one breaks its payload schema, or is none at all.
            BadMessage: one is too large, or all together are.
        """
        replies: list[Message] = []
        room = MAX_REPLY_BYTES
        for index, model in enumerate(_models(work, returned)):
            reply = self._reply(work, index, model, now)
            room -= len(reply.body)
            if room < 0:
                raise BadMessage(
                    "too-large",
                    f"{work.handler.name} returned messages of over {MAX_REPLY_BYTES:,} bytes"
                    " together: send references instead (claim check)",
                )
            replies.append(reply)
        return tuple(replies)

    def failure(self, work: Work, error: str, now: datetime) -> tuple[Message, ...]:
        """Return the event that says that the command `work` was given up; none for an event."""
        message_type = self._directory.event(work.event.type)
        if message_type is None or message_type.kind != "command":
            return ()
        data = {
            "command": {"type": work.event.type, "id": work.event.id},
            "error": error,
            "attempts": work.attempt,
            "service": self._service,
        }
        channel = self._documented(work, COMMAND_FAILED).channel
        return (self._encode(work, _FAILURE_INDEX, _Fact(COMMAND_FAILED, channel, data), now),)

    def _reply(self, work: Work, index: int, model: BaseModel, now: datetime) -> Message:
        name, data = type(model).__name__, model.model_dump(mode="json", by_alias=True)
        message_type = self._documented(work, name)
        message_type.validate(data)
        return self._encode(work, index, _Fact(name, message_type.channel, data), now)

    def _encode(self, work: Work, index: int, fact: _Fact, now: datetime) -> Message:
        cause = work.event
        return encode(
            Outgoing(
                id=message_id(work.reaction, index),
                type=fact.name,
                channel=fact.channel,
                source=self._service,
                time=now,
                data=fact.data,
                correlation_id=cause.correlation_id,
                subject=cause.subject,
                causation_id=cause.id,
                traceparent=cause.traceparent,
                hops=cause.hops,
                trail=cause.trail,
            )
        )

    def _documented(self, work: Work, name: str) -> MessageType:
        message_type = self._directory.event(name)
        if message_type is None:
            raise SchemaViolation(f"{work.handler.name} returned {name}, which no document names")
        return message_type


def _way_out(name: str) -> str:
    """Return what to do about a reply that no document describes."""
    if name == COMMAND_FAILED:
        return (
            "every service tells by it which commands it gave up; copy failures.yaml there, which"
            " the sample schemas have"
        )
    return "describe it there, or correct the name of the returned model"


def _models(work: Work, returned: object) -> list[BaseModel]:
    if returned is None:
        return []
    several = returned if isinstance(returned, list | tuple) else [returned]
    models = [model for model in several if isinstance(model, BaseModel)]
    if len(models) < len(several):
        raise SchemaViolation(f"{work.handler.name} returned something that is not a model")
    return models
