"""Timers that cannot be decided, or not at once: nothing is lost, and everything else goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.ledger import MemoryLedger
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.decision import Decision, Elapsed, Instance, Signal
from orchestrator.core.stateful import AtLeast, Element, StatefulRule
from orchestrator.core.status import Status
from orchestrator.engine.batch import SLICE
from orchestrator.engine.patience import Patience
from orchestrator.engine.sweeper import Sweeper
from orchestrator.errors import ExpressionError
from orchestrator.ports import InstanceKey
from tests.engine.definitions import HERE, PATIENCE, Reminder, rule
from tests.engine.interference import Outage
from tests.engine.ledger import Ledger
from tests.engine.messages import filed, redriven
from tests.engine.world import NOW, World, prove
from tests.unit.core.workflow.build import command, each, step, workflow

if TYPE_CHECKING:
    from tests.engine.conftest import NewStore

DUE = NOW + PATIENCE


class Defective(Reminder):
    """A reminder whose code is wrong about one key."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        if isinstance(signal, Elapsed) and signal.key == "C-1":
            raise TypeError("unsupported operand")
        return super().decide(instance, signal)


class Failing(Reminder):
    """A reminder whose expression fails when it is time."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        if isinstance(signal, Elapsed):
            raise ExpressionError("no field named amount")
        return super().decide(instance, signal)


async def waiting(this: World, keys: int = 3) -> World:
    """Return the world once every key is filed and its time is over."""
    await this.publish(*(filed(f"e-{number}", f"C-{number}") for number in range(keys)))
    await this.run()
    this.clock.moment = DUE
    return this


async def test_a_defect_of_ours_costs_only_the_timer_it_met(new_store: NewStore) -> None:
    """It would otherwise end the process, at each start again; a person must find the instance."""
    this = await waiting(World(new_store(), Defective()))
    keeper, engine, ledger = this.timekeeper()
    prove(engine, DUE)

    assert await keeper.fire_due() == 3

    assert [message.type for message in this.sent] == ["Remind", "Remind"]
    (letter,) = this.dead_letters
    assert (letter.correlation_id, letter.headers["x-reason"]) == ("C-1", "internal-error")
    assert "unsupported operand" not in str(letter.headers)
    assert [str(error) for error in ledger.defects] == ["unsupported operand"]
    (left,) = await this.store.load([InstanceKey("reminder", "C-1")])
    assert left is not None
    assert left.status is Status.INCIDENT
    assert await keeper.fire_due() == 0


async def test_pieces_that_are_due_together_may_each_want_others(new_store: NewStore) -> None:
    """Nobody answered 64 items: those of each piece that fail make room for items of another."""
    work = command("DoA", "ADone")
    items = each("range(input.items)", max_parallel=64)
    this = World(
        new_store(), workflow(step("A", work, for_each=items, timeout=60, on_failure="continue"))
    )
    await this.publish(filed("s-1", "C-1", "Started", items=200))
    await this.run()

    sent = []
    for minute in range(5):
        this.clock.moment = NOW + timedelta(minutes=minute)
        await this.fire()
        sent.append(len(this.sent))

    assert sent == [64, 128, 192, 200, 200]
    assert this.dead_letters == []
    assert await this.store.load([InstanceKey("flow", "C-1")]) == [None]


async def test_other_work_goes_on_between_timers() -> None:
    """One decision may take a second: heartbeats must not wait for hundreds of them."""
    turns, decided_in = 0, list[int]()

    class Noting(Reminder):
        def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
            decided_in.append(turns)
            return super().decide(instance, signal)

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    this = await waiting(World(MemoryStore(), Noting()), keys=3 * SLICE)
    decided_in.clear()
    counting = asyncio.create_task(count())
    assert await this.fire() == 3 * SLICE
    counting.cancel()

    assert max(Counter(decided_in).values()) == SLICE


async def lost_answer(this: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fire what is due; the first commit is made, but nobody hears that it was."""
    monkeypatch.setattr("orchestrator.engine.patience.delays", lambda _: repeat(0.0))
    await this.fire(Outage("commit", late=True))


async def test_what_failed_is_a_dead_letter_although_the_answer_to_its_commit_was_lost(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer is gone: nothing would ever tell why again."""
    this = await waiting(World(new_store(), Failing()))
    await lost_answer(this, monkeypatch)
    assert [letter.correlation_id for letter in this.dead_letters] == ["C-0", "C-1", "C-2"]


async def test_a_kill_loses_no_dead_letter(new_store: NewStore) -> None:
    """An instance that needs a person says only so, and a tick that was skipped leaves nothing."""
    this = await waiting(World(new_store(), Failing()), keys=1)
    with pytest.raises(ConnectionAbortedError):
        await this.fire(Outage("publish", error=ConnectionAbortedError("as if killed here")))
    assert await this.fire() == 0  # it is not due any more
    assert this.dead_letters == []

    this.clock.moment += timedelta(seconds=1)
    ledger = Ledger()
    sweeper = Sweeper(
        this.broker,
        this.store,
        this.clock,
        Patience(ledger),
        ledger,
        period_seconds=1,
        age_seconds=0,
    )
    for _ in range(2):
        await sweeper.sweep()
    assert [letter.correlation_id for letter in this.dead_letters] == ["C-0"]


async def test_a_note_stays_although_the_answer_to_its_commit_was_lost(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a timer that somebody else was faster with takes its note back."""
    elements = (Element("Filed", "Filed", None), Element("Answered", "Answered", None))
    actions = rule("join", "Filed", "Joined").actions
    join = StatefulRule(
        "join", "0123456789ab", "", elements, AtLeast(2), PATIENCE, None, actions, (), HERE
    )
    this = World(new_store(), join)
    this.unmatched = MemoryLedger(this.clock)
    await waiting(this)
    await lost_answer(this, monkeypatch)
    assert {found.entry.rule async for found in this.unmatched.entries()} == {"join"}


async def test_a_redrive_of_a_timer_says_what_to_do_instead(new_store: NewStore) -> None:
    """By another way than ours: `dlq redrive` leaves it. It would be told to have no type."""
    this = await waiting(World(new_store(), Failing("reminder")), 1)
    await this.fire()
    for _ in range(2):
        await this.publish(redriven(this.dead_letters[-1]))
        await this.run()
    _, *again = this.dead_letters
    assert len(again) == 2
    for letter in again:
        assert letter.headers["x-rule"] == "reminder"
        assert "`orchestrator timers retry C-0`" in str(letter.headers["x-error"])
