"""The daemon with its steps in a wrong order: it acknowledges what nobody has decided yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orchestrator.daemon
from orchestrator.cli.main import main
from tests.engine.mistakes import AckOnArrival

if TYPE_CHECKING:
    import asyncio

    from orchestrator.engine.batch import Batch
    from orchestrator.ports import Subscription


class Careless(AckOnArrival):
    """Acknowledges on arrival, and not again."""

    async def _finish(
        self, batch: Batch, subscription: Subscription, before: asyncio.Task[None] | None
    ) -> None:
        del subscription
        report = await self._spine.finish(batch)
        if before is not None:
            await before
        self._observer.batch_done(report)


if __name__ == "__main__":
    orchestrator.daemon.Engine = Careless  # type: ignore[misc]
    main()
