"""Engines that take a step when they are told to, so that a search can choose the interleaving."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestrator.engine.sweeper import Sweeper
from orchestrator.engine.timekeeper import Timekeeper
from orchestrator.engine.witness import Witness
from tests.engine.interference import CrashedError, Meddled, MeddledBroker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from datetime import datetime

    from orchestrator.ports import OutboxEntry
    from tests.engine.world import World

WIRE = "wire"
ANSWERS = {"look", "say", "catch_up"}

MANY_TURNS = 10_000
"""Turns of the loop between two outside calls: more of them are no progress."""


class Steps:
    """Holds each outside call of a process twice: before it is made, and before it returns.

    Args:
        wired: whether deliveries are held between queue and process, too.

    Attributes:
        held: the calls that wait to go on.
    """

    def __init__(self, *, wired: bool = False) -> None:
        self._wired = wired
        self.held: list[tuple[str, asyncio.Future[None]]] = []
        self._dead = False

    async def __call__(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make the call, when it is its turn."""
        await self._turn(name)
        if name == "catch_up":
            await self._arrived()
        result = await call()
        if name != "receive":
            await self._turn(name)
        elif self._wired:
            await self._turn(WIRE)
        return result

    async def _arrived(self) -> None:
        """Wait for what is on its way, as the broker's answer comes behind it."""
        for turn in [turn for name, turn in self.held if name == WIRE]:
            await asyncio.wait([turn])

    async def _turn(self, name: str) -> None:
        if self._dead:
            raise CrashedError
        turn = asyncio.get_running_loop().create_future()
        self.held.append((name, turn))
        await turn

    def step(self, number: int) -> None:
        """Let one of the calls that are held go on."""
        self.held.pop(number % len(self.held))[1].set_result(None)

    def answer(self) -> bool:
        """Let a call go on by which others hear how far it is; tell whether there was one."""
        numbers = [number for number, (name, _) in enumerate(self.held) if name in ANSWERS]
        if numbers:
            self.step(numbers[0])
        return bool(numbers)

    def die(self) -> None:
        """Let no call go on any more."""
        self._dead = True
        for _, turn in self.held:
            turn.set_exception(CrashedError())
        self.held.clear()


class _SteppedStore(Meddled):
    """A store whose calls are steps; walking through the outbox is none."""

    def outbox(self, committed_before: datetime) -> AsyncIterator[OutboxEntry]:
        entries: AsyncIterator[OutboxEntry] = self._port.outbox(committed_before)
        return entries


class Replica:
    """An engine with its timekeeper and its sweeper, as one process.

    Args:
        loop: runs it; use `settled` to let it go as far as it can.
    """

    def __init__(
        self,
        world: World,
        loop: asyncio.AbstractEventLoop,
        witness: type[Witness] = Witness,
        *,
        wired: bool = False,
    ) -> None:
        self.steps = Steps(wired=wired)
        self._loop = loop
        store: Any = _SteppedStore(world.store, self.steps)
        broker: Any = MeddledBroker(world.broker, self.steps)
        self._engine, ledger = world.engine(between=self.steps, witness=witness)
        ledger.enough = 10**9
        patience = self._engine._patience  # noqa: SLF001 - what the composition root would pass
        spine = self._engine._spine  # noqa: SLF001
        self._witness = self._engine.witness
        self._timekeeper = Timekeeper(
            self._engine,
            spine,
            store,
            clock=world.clock,
            patience=patience,
            observer=ledger,
        )
        self._sweeper = Sweeper(
            broker, store, world.clock, patience, ledger, period_seconds=1, age_seconds=30
        )
        self._tasks = {"engine": loop.create_task(self._engine.run())}

    def fire(self) -> None:
        """Begin to look for due timers, unless it is being done."""
        self._begin("timers", self._timekeeper.fire_due)

    def look(self) -> None:
        """Begin to look how far the others are, unless it is being done."""
        self._begin("look", self._witness.look)

    def sweep(self) -> None:
        """Begin to look through the outbox, unless it is being done."""
        self._begin("sweep", self._sweeper.sweep)

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = self._loop.create_task(work())

    def kill(self) -> None:
        """End it where it is; what it did not acknowledge comes again."""
        self.steps.die()
        settle(self._loop)
        for task in self._tasks.values():
            task.cancel()
        settle(self._loop)
        gathered = asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._loop.run_until_complete(gathered)

    def failures(self) -> list[BaseException]:
        """Return what went wrong with it while it was alive."""
        done = [task for task in self._tasks.values() if task.done()]
        return [error for task in done if (error := task.exception())]


def settle(loop: asyncio.AbstractEventLoop) -> None:
    """Let everything on the loop go as far as it can."""
    for _ in range(MANY_TURNS):
        if not loop._ready:  # type: ignore[attr-defined] # noqa: SLF001 - the only way to know
            return
        loop.call_soon(loop.stop)
        loop.run_forever()
    raise AssertionError("something goes on without end")
