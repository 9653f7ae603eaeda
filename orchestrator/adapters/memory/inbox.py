"""The inbox in memory: the contract without a server, for tests. Durable for nobody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.service.inbox import Reply


class MemoryInbox:
    """``service.inbox.Inbox`` in dictionaries. Replies are kept for ever.

    Attributes:
        beginnings: key -> how often handling it began without ending.
    """

    def __init__(self) -> None:
        self._replies: dict[str, Reply] = {}
        self.beginnings = Counter[str]()

    async def recall(self, keys: Sequence[str]) -> list[Reply | None]:
        """See ``Inbox.recall``."""
        return [self._replies.get(key) for key in keys]

    async def remember(self, replies: Mapping[str, Reply]) -> None:
        """See ``Inbox.remember``."""
        for key, reply in replies.items():
            self._replies.setdefault(key, reply)

    async def begun(self, key: str) -> int:
        """See ``Inbox.begun``."""
        return self.beginnings[key]

    async def begin(self, key: str) -> None:
        """See ``Inbox.begin``."""
        self.beginnings[key] += 1

    async def end(self, key: str) -> None:
        """See ``Inbox.end``."""
        del self.beginnings[key]
