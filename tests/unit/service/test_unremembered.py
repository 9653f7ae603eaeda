"""How much a kill may repeat: what has been done and is not yet remembered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.adapters.memory.inbox import MemoryInbox
from orchestrator.service import Context, Service, session
from orchestrator.service.session import UNREMEMBERED_PER_SLOT
from tests.unit.service.workbench import Bake, Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from orchestrator.core.event import Message
    from orchestrator.service.inbox import Reply

CONCURRENCY = 3
COMMANDS = 25
TURNS = 200
"""Of the loop: more than all the work here takes."""


class StuckInbox(MemoryInbox):
    """An inbox that does not answer."""

    async def remember(self, _replies: Mapping[str, Reply]) -> None:
        await asyncio.Event().wait()


class StuckBroker(MemoryBroker):
    """A broker that confirms nothing once it is stuck."""

    stuck = False

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        await super().publish(messages)


async def done(bench: Workbench) -> int:
    """Return how many of many commands are handled before nothing goes on any more."""
    effects: list[str] = []
    service = Service("bakery", channels=["bakery.v1"], concurrency=CONCURRENCY)

    @service.on("Bake")
    async def bake(command: Bake, _context: Context) -> None:
        effects.append(command.cake)

    bench.service = service
    for number in range(COMMANDS):
        await bench.send(number=number)
    if isinstance(bench.broker, StuckBroker):
        bench.broker.stuck = True
    async with bench.running(drain_seconds=0):
        for _ in range(TURNS):
            await asyncio.sleep(0)
    return len(effects)


async def test_only_so_many_effects_are_not_remembered() -> None:
    """They are what a kill repeats: those that run, and as many whose replies are written."""
    bench = Workbench()
    bench.inbox = StuckInbox()
    assert await done(bench) == UNREMEMBERED_PER_SLOT * CONCURRENCY


async def test_a_larger_bound_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: what is not bounded goes on until everything in hand is done."""
    monkeypatch.setattr(session, "UNREMEMBERED_PER_SLOT", COMMANDS)
    bench = Workbench()
    bench.inbox = StuckInbox()
    assert await done(bench) == COMMANDS


async def test_a_slow_publish_holds_up_no_handler() -> None:
    """What is remembered need not wait for its confirm before others run."""
    bench = Workbench()
    bench.broker = StuckBroker(["bakery", "bakery.dlq"])
    assert await done(bench) == COMMANDS
