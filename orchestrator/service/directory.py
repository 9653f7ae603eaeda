"""What the runtime asks the catalog of messages. Knows no schema language."""

from __future__ import annotations

from typing import Literal, Protocol


class MessageType(Protocol):
    """A documented type of message."""

    @property
    def channel(self) -> str:
        """The routing key it travels under."""

    @property
    def kind(self) -> Literal["event", "command"]:
        """Whether it is a fact or an order."""

    def validate(self, data: object) -> None:
        """Check `data` against the payload schema. Raise ``SchemaViolation`` where it breaks it."""


class Directory(Protocol):
    """Every documented message type."""

    def event(self, name: str) -> MessageType | None:
        """Return the type called `name`; None if no document accepts it."""
