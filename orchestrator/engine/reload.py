"""Swaps the rulebook while everything runs. Knows neither files nor how a rulebook is built."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from orchestrator.errors import InvalidDefinitions, Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.definitions import Rulebook
    from orchestrator.core.retired import Revision
    from orchestrator.engine.archive import Archive
    from orchestrator.engine.arming import Arming
    from orchestrator.engine.engine import Engine
    from orchestrator.engine.patience import Patience
    from orchestrator.engine.report import Observer
    from orchestrator.ports import Broker

_DEFECT: Final = "a defect of the orchestrator ({}): see its log for the traceback, and report it"


class Reloader:
    """Builds a rulebook whole and swaps it in, or leaves the one that runs alone.

    Args:
        engine: whose rulebook is swapped.
        broker: where the input queue is bound to what the rules want.
        patience: how to wait for the broker.
        observer: hears of the swap or the refusal.
        arming: makes the schedules of a rulebook wait for their ticks.
        archive: knows what ran before, while instances are open under it.
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
        archive: Archive,
        queue: str,
        build: Callable[[], Rulebook],
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._patience = patience
        self._observer = observer
        self._arming = arming
        self._archive = archive
        self._busy = asyncio.Lock()
        self._queue = queue
        self._build = build

    async def start(self) -> None:
        """Bind the queue to what the first rulebook wants, and set its schedules."""
        rulebook = self._engine.rulebook
        await self._archive.keep(rulebook)
        old = await self._archive.recall(rulebook)
        await self._bind(rulebook.channels)
        await self._arming.arm(rulebook)
        self._announce(rulebook, old)

    async def run(self, period_seconds: float) -> None:
        """Look every `period_seconds` what is open under old wordings, until we stop."""
        # What fails when the process stops is no loss: the next one looks at start.
        with suppress(Unavailable, Misconfigured):
            while not self._patience.stopping:
                await self._patience.idle(period_seconds)
                await self.refresh()

    async def refresh(self) -> None:
        """Look what is open under old wordings now; forget those that nothing is open under.

        Other replicas may have begun instances under a wording that we never ran, and one that does
        not know a rule yet drops its schedule: it is set again. So are bindings: those of a bus
        that was deleted and made anew are gone.
        """
        async with self._busy:
            rulebook = self._engine.rulebook
            before = rulebook.channels
            await self._archive.keep(rulebook)
            old = await self._archive.recall(rulebook)
            await self._archive.tidy(rulebook, old)
            await self._bind(rulebook.channels)
            await self._unbind(before - rulebook.channels)
            await self._arming.restore(rulebook)
            self._observer.old_revisions(old, rulebook.retired.unreadable)

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
        except Exception as error:  # noqa: BLE001 - no file may stop the daemon
            self._observer.defect(error)
            self._observer.reload_refused((_DEFECT.format(type(error).__name__),))
            return False
        # What fails when the process stops is no loss: the next one reads the files anew.
        with suppress(Unavailable, Misconfigured):
            async with self._busy:
                await self._swap(rulebook)
        return self._engine.rulebook is rulebook

    async def _swap(self, rulebook: Rulebook) -> None:
        before = self._engine.rulebook
        await self._archive.keep(rulebook)
        old = await self._archive.recall(rulebook)
        self._archive.inherit(rulebook, before)
        await self._bind(rulebook.channels - before.channels)
        self._engine.rulebook = rulebook
        self._announce(rulebook, old)
        await self._arming.arm(rulebook, before)
        await self._unbind(before.channels - rulebook.channels)

    def _announce(self, rulebook: Rulebook, old: Mapping[Revision, int]) -> None:
        self._observer.reloaded(rulebook.revision, len(rulebook.definitions))
        self._observer.old_revisions(old, rulebook.retired.unreadable)

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
