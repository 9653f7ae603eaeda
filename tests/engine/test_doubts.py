"""Events that are refused because of what they did themselves, before they came again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.decision import Decision, Elapsed, Instance, Signal, remember
from orchestrator.errors import ExpressionError
from tests.engine.definitions import Pairs, sending
from tests.engine.messages import QUEUE, filed
from tests.engine.world import World

if TYPE_CHECKING:
    from tests.engine.conftest import NewStore


@dataclass(frozen=True)
class Once(Pairs):
    """Tells of the first event of a key, and refuses those after it."""

    name: str = "once"

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        """Tell of the event, or refuse it."""
        assert isinstance(signal, Signal)
        if instance is not None:
            raise ExpressionError("it is decided already")
        told = sending(signal, "Told", key=signal.event.correlation_id)
        return remember(b"", outgoing=(told,))


@pytest.mark.parametrize("again", [True, False], ids=["comes again", "is another copy"])
async def test_what_a_crash_left_goes_out_at_once(new_store: NewStore, *, again: bool) -> None:
    """An approval finds its step decided by itself; the command it led to must not wait.

    Control: a copy that the broker does not call a redelivery says nothing about a crash, and what
    is left then waits for the sweeper.
    """
    this, event = World(new_store(), Once()), filed("e", "C-1")
    await this.publish(event)
    async with this.broker.subscribe(QUEUE, 10) as subscription:
        spine = this.engine()[0]._spine  # noqa: SLF001 - to stop between two of its steps
        deliveries = await subscription.receive(10)
        await spine.react(deliveries, this.rulebook)  # and there it dies
        if not again:
            await subscription.acknowledge(deliveries[-1])
            await this.publish(event)

    ledger = await this.run()

    assert [message.type for message in this.sent] == (["Told"] if again else [])
    assert ledger.events["Filed", "duplicate"] == 1
    assert this.dead_letters == []


async def test_what_is_refused_and_new_is_a_dead_letter(new_store: NewStore) -> None:
    """Also where the broker gave it to somebody before, who did not come to decide it."""
    this = World(new_store(), Once())
    await this.publish(filed("e1", "C-1"))
    await this.run()
    await this.publish(filed("e2", "C-1"))
    async with this.broker.subscribe(QUEUE, 10) as subscription:
        await subscription.receive(10)
    for _ in range(2):
        await this.run()
    assert len(this.dead_letters) == 1
