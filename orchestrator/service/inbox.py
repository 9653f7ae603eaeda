"""What a service remembers of the messages it has handled: the contract. Knows no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.event import Message

Reply = tuple["Message", ...]
"""What a handler answered, ready to be published again. May be empty."""


class Inbox(Protocol):
    """Replies by the key of the message they answer, kept for at least the dedupe window.

    Keys are made by the runtime; services never share one.
    """

    async def recall(self, keys: Sequence[str]) -> list[Reply | None]:
        """Return the remembered replies in order, in one round trip; None for an unknown key.

        Raises:
            Unavailable: the inbox cannot be reached.
        """

    async def remember(self, replies: Mapping[str, Reply]) -> None:
        """Write `replies`, durable on return, in one round trip. The first reply to a key stays.

        Raises:
            Unavailable: some may be written; repeat all of them.
        """

    async def begun(self, key: str) -> int:
        """Return how often `begin` was called for `key` without `end`.

        Raises:
            Unavailable: the inbox cannot be reached.
        """

    async def begin(self, key: str) -> None:
        """Note durably that handling `key` begins.

        Raises:
            Unavailable: it may or may not be noted.
        """

    async def end(self, key: str) -> None:
        """Note that handling `key` ended without killing the process. Idempotent.

        Raises:
            Unavailable: it may or may not be noted.
        """
