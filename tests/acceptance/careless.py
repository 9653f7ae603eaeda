"""The daemon with its steps in a wrong order: it acknowledges what nobody has decided yet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orchestrator.daemon
from orchestrator.cli.main import main
from tests.engine.mistakes import AckOnArrival

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Delivery
    from orchestrator.engine.batch import Batch
    from orchestrator.ports import Subscription


UNDECIDED_SECONDS = 0.5
"""How long what is acknowledged lies undecided: so long that a kill finds some of it."""


class Careless(AckOnArrival):
    """Acknowledges on arrival, and not again."""

    async def _react(self, deliveries: Sequence[Delivery]) -> Sequence[Batch]:
        if deliveries:
            await asyncio.sleep(UNDECIDED_SECONDS)
        return await super()._react(deliveries)

    async def _finish(
        self, batch: Batch, subscription: Subscription, before: asyncio.Task[None] | None
    ) -> None:
        del subscription
        report = await self._spine.finish(batch)
        if before is not None:
            await before
        self._observer.batch_done(report)


if __name__ == "__main__":
    orchestrator.daemon.Engine = Careless  # type: ignore[attr-defined]  # the mistake
    main()
