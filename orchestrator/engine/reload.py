"""Swaps the rulebook while everything runs. Knows neither files nor how a rulebook is built."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from orchestrator.errors import InvalidDefinitions, Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.definitions import Rulebook
    from orchestrator.engine.arming import Arming
    from orchestrator.engine.engine import Engine
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import Observer
    from orchestrator.ports import Broker


class Reloader:
    """Builds a rulebook whole and swaps it in, or leaves the one that runs alone.

    Args:
        engine: whose rulebook is swapped.
        broker: where the input queue is bound to what the rules want.
        patience: how to wait for the broker.
        observer: hears of the swap or the refusal.
        arming: makes the schedules of a rulebook wait for their ticks.
        queue: the input queue.
        build: reads and checks rules and schemas; raises ``InvalidDefinitions`` or
            ``Misconfigured``. Runs in a thread.
    """

    def __init__(  # noqa: PLR0913 - the composition root passes each by name
        self,
        engine: Engine,
        broker: Broker,
        patience: Patience,
        observer: Observer,
        *,
        arming: Arming,
        queue: str,
        build: Callable[[], Rulebook],
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._patience = patience
        self._observer = observer
        self._arming = arming
        self._queue = queue
        self._build = build

    async def start(self) -> None:
        """Bind the queue to what the first rulebook wants, and set its schedules."""
        await self._bind(self._engine.rulebook.channels)
        await self._arming.arm(self._engine.rulebook)
        self._announce(self._engine.rulebook)

    async def reload(self) -> bool:
        """Return whether a new rulebook runs now.

        The queue is bound to new channels before the swap and unbound from old ones after it, so
        that no event falls between two rulebooks.
        """
        try:
            rulebook = await asyncio.to_thread(self._build)
        except (InvalidDefinitions, Misconfigured) as error:
            self._observer.reload_refused(tuple(str(error).splitlines()))
            return False
        # What fails when the process stops is no loss: the next one reads the files anew.
        with suppress(Unavailable, Misconfigured):
            await self._swap(rulebook)
        return self._engine.rulebook is rulebook

    async def _swap(self, rulebook: Rulebook) -> None:
        before = self._engine.rulebook
        await self._bind(rulebook.channels - before.channels)
        self._engine.rulebook = rulebook
        self._announce(rulebook)
        await self._arming.arm(rulebook, before)
        await self._unbind(before.channels - rulebook.channels)

    def _announce(self, rulebook: Rulebook) -> None:
        self._observer.reloaded(rulebook.revision, len(rulebook.definitions))

    async def _bind(self, channels: frozenset[str]) -> None:
        if channels:
            await self._patience.until_done(
                "broker", lambda: self._broker.bind(self._queue, channels)
            )

    async def _unbind(self, channels: frozenset[str]) -> None:
        if channels:
            await self._patience.until_done(
                "broker", lambda: self._broker.unbind(self._queue, channels)
            )
