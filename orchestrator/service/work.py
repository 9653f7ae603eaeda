"""Turns deliveries into work for a handler, or refuses them. Pure; runs no handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core import headers
from orchestrator.core.envelope import decode
from orchestrator.core.ids import handling_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import BaseModel

    from orchestrator.core.event import Delivery, Event
    from orchestrator.core.ids import ReactionId
    from orchestrator.service.directory import Directory
    from orchestrator.service.handler import Handler


@dataclass(frozen=True, slots=True)
class Work:
    """A message that a handler wants.

    Attributes:
        delivery: as it came.
        event: as it was read.
        handler: what handles it.
        reaction: the service's reaction to it: ids of replies derive from this.
    """

    delivery: Delivery
    event: Event
    handler: Handler
    reaction: ReactionId

    @property
    def key(self) -> str:
        """What the inbox knows it by: the same for every delivery and attempt."""
        return self.reaction.hex()

    @property
    def attempt(self) -> int:
        """Which attempt this delivery is, from 1."""
        attempt = self.delivery.headers.get(headers.ATTEMPT)
        return attempt if isinstance(attempt, int) and attempt > 1 else 1

    @property
    def attempt_key(self) -> str:
        """What the inbox knows this attempt by."""
        return f"{self.key}.{self.attempt}"


class Reader:
    """Reads deliveries for one service."""

    def __init__(
        self,
        service: str,
        handlers: Mapping[str, Handler],
        directory: Directory,
        max_body_bytes: int,
    ) -> None:
        self._service = service
        self._handlers = handlers
        self._directory = directory
        self._max_body_bytes = max_body_bytes

    def read(self, delivery: Delivery, now: datetime) -> Work | None:
        """Return the work that `delivery` asks for; None if no handler wants its type.

        Raises:
            BadMessage: it cannot be read.
        """
        event = decode(delivery, now, self._max_body_bytes)
        handler = self._handlers.get(event.type)
        if handler is None:
            return None
        return Work(delivery, event, handler, handling_id(event.identity, self._service))

    def parse(self, work: Work) -> BaseModel:
        """Return the data of `work` as the model its handler takes.

        Raises:
            SchemaViolation: it breaks the documented schema, or the model.
        """
        message_type = self._directory.event(work.event.type)
        if message_type is not None:
            message_type.validate(work.event.data)
        return work.handler.parse(work.event.data)
