"""Runs ``commit.lua``, also on a server that has forgotten it. Knows nothing of what it commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, ResponseError

from orchestrator.adapters.redis.connection import address, connect, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.redis.installation import Installation

SCRIPT = (Path(__file__).parent / "commit.lua").read_bytes()


class CommitScript:
    """The script on one server, by a connection of its own.

    Args:
        url: where Redis is.
        installation: knows whether the server still has what was written.
    """

    def __init__(self, url: str, installation: Installation) -> None:
        # Who commits must hear that an answer was lost: the next one may be about what was done.
        self._redis: Any = connect(url, repeats=0)
        self._server = address(url)
        self._installation = installation
        self._name = ""

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def run(self, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Run it once per call; again as a whole when the server does not know it.

        Raises:
            Unavailable: the answer is not known; running the same calls again is safe.
            Misconfigured: the server does not hold what was written, or refuses us.
        """
        with translated(self._server):
            replies = await self._evaluate(calls)
            if any(isinstance(reply, NoScriptError) for reply in replies):
                # The server restarted, perhaps from an older copy.
                await self._installation.verify()
                # Calls that did run answer Duplicate now, with their outbox.
                self._name = ""
                replies = await self._evaluate(calls)
            for reply in replies:
                if isinstance(reply, ResponseError) and str(reply).startswith("EPOCH"):
                    raise self._installation.lost_data()
                if isinstance(reply, Exception):
                    raise reply
        return replies

    async def _evaluate(self, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not self._name:
            self._name = await self._redis.script_load(SCRIPT)
        pipeline = self._redis.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._name, *call)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
