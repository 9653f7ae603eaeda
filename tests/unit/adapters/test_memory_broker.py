"""What the broker in memory must not do beyond the contract that it shares with RabbitMQ."""

from __future__ import annotations

from orchestrator.adapters.memory.broker import MemoryBroker
from orchestrator.core.event import Message


async def test_an_acknowledgement_ends_with_what_was_received_before_it() -> None:
    """What another consumer handed back is older, and was received later: it is not settled."""
    broker = MemoryBroker(["q"])
    await broker.publish([Message("", "q", b"old"), Message("", "q", b"new")])
    async with broker.subscribe("q", 10) as survivor:
        async with broker.subscribe("q", 10) as victim:
            await victim.receive(1)
            (new,) = await survivor.receive(1)
        (old,) = await survivor.receive(1)
        await survivor.acknowledge(new)

    assert (old.body, new.body) == (b"old", b"new")
    assert broker.depth("q") == 1
