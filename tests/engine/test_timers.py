"""Timers: never early, once whatever is killed, and behind the events that came before them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.decision import Decision, Elapsed, Instance, Signal
from orchestrator.engine import timekeeper
from orchestrator.engine.batch import Batch
from orchestrator.errors import ExpressionError
from tests.engine.definitions import PATIENCE, Reminder
from tests.engine.interference import Fuse, Gate, Outage, crash_everywhere, survived
from tests.engine.messages import filed
from tests.engine.mistakes import TakesTimersFirst
from tests.engine.world import NOW, World, prove
from tests.engine.written import types, written

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore
    from tests.engine.interference import Life

COUNTED = """
- name: counted
  when: {count: A, at_least: 1}
  within: 2h
  then: [{send: Later, with: "${event.id}", after: 1h}]
"""
KEYS = ("C-0", "C-1", "C-2", "C-3")
DUE = NOW + PATIENCE
SOON = timedelta(milliseconds=1)


async def waiting(store: Store) -> World:
    """A world in which every key was filed at `NOW` and waits for its answer."""
    this = World(store, Reminder())
    await this.publish(*(filed(f"e-{key}", key) for key in KEYS))
    await this.run()
    return this


def kinds(messages: list[Message]) -> list[tuple[str, object]]:
    """Return what was sent, each id once."""
    once = {message.id: message for message in messages}
    bodies = [orjson.loads(message.body) for message in once.values()]
    return sorted((body["type"], body["data"]) for body in bodies)


REMINDED = [("Remind", key) for key in KEYS]
THANKED = [("Thank", f"e-{key}") for key in KEYS]


async def test_a_timer_fires_at_its_time_and_not_before(new_store: NewStore) -> None:
    """Early would turn an answer that is on its way into "nobody answered"."""
    this = await waiting(new_store())
    this.clock.moment = DUE - SOON
    assert await this.fire() == 0
    this.clock.moment = DUE
    assert await this.fire() == len(KEYS)
    assert kinds(this.sent) == REMINDED
    assert await this.fire() == 0


async def test_a_message_kept_for_later_goes_out_at_its_time(
    new_store: NewStore,
) -> None:
    """It keeps the id it was decided under, and says when it was really sent."""
    this = await waiting(new_store())
    this.clock.moment = NOW + 2 * PATIENCE
    await this.fire()
    assert kinds(this.sent) == REMINDED + THANKED
    times = {orjson.loads(m.body)["time"] for m in this.sent if m.type == "Thank"}
    assert times == {"2026-03-01T11:00:00Z"}


async def test_each_of_several_decisions_on_one_state_keeps_its_message(store: Store) -> None:
    """Events of one batch are committed as one: what the first put off must not go with it."""
    this = World(store)
    this.rulebook = written(COUNTED, types("A", ["Later"]))
    await this.publish(*(filed(f"e-{number}", "C-1", "A") for number in range(3)))
    await this.run(batch_size=3)
    this.clock.moment = DUE
    await this.fire()
    assert kinds(this.sent) == [("Later", f"e-{number}") for number in range(3)]


async def test_an_answer_removes_the_timer(new_store: NewStore) -> None:
    """Who answered in time is not reminded."""
    this = await waiting(new_store())
    await this.publish(filed("a-1", "C-1", "Answered"))
    await this.run()
    this.clock.moment = DUE
    await this.fire()
    assert kinds(this.sent) == [kind for kind in REMINDED if kind != ("Remind", "C-1")]


def crashing(new_store: NewStore) -> Life:
    """Return a life in which everything is due, and dies when its fuse blows."""

    async def live(fuse: Fuse) -> list[str]:
        this = await waiting(new_store())
        this.clock.moment = NOW + 2 * PATIENCE
        with survived():
            await this.fire(fuse)
        await this.fire()
        await sweep(this)
        found = {"sent": kinds(this.sent), "in the outbox": await this.store.outbox_size()}
        right = {"sent": REMINDED + THANKED, "in the outbox": 0}
        return [] if found == right else [str(found)]

    return live


async def sweep(this: World) -> None:
    """Publish what a dead process left in the outbox, as the sweeper does."""
    async for entry in this.store.outbox(this.clock.now() + timedelta(days=1)):
        await this.broker.publish(entry.messages)
        await this.store.settle([entry.settlement])


async def test_no_crash_point_loses_or_doubles_a_timer(new_store: NewStore) -> None:
    """A timer fires once, whatever is killed: what was committed stays in the outbox."""
    crashes = await crash_everywhere(crashing(new_store))
    assert crashes.problems == []
    assert crashes.at >= {"due", "load", "commit", "publish"}
    assert crashes.calls >= 4


async def test_the_suite_notices_timers_that_are_taken_before_the_commit() -> None:
    """Negative control: the usual way to write it loses timers."""
    assert (await crash_everywhere(crashing(TakesTimersFirst))).problems


async def test_replicas_that_see_the_same_timer_fire_it_once(
    new_store: NewStore,
) -> None:
    """Both may poll; one of them commits, and only that one publishes."""
    this = await waiting(new_store())
    this.clock.moment = DUE
    await asyncio.gather(*(this.fire() for _ in range(3)))
    assert len(this.sent) == len(KEYS)
    assert kinds(this.sent) == REMINDED


async def fire_at_the_same_moment(this: World) -> int:
    """Return how many messages two replicas send that decide the same timers, one commit later."""
    slow, sending = Gate("commit"), Gate("publish")
    loser = asyncio.create_task(this.fire(slow))
    await slow.reached_by(1)
    winner = asyncio.create_task(this.fire(sending))
    await sending.reached_by(1)
    slow.open()
    assert await loser == 0
    sending.open()
    assert await winner == len(KEYS)
    return len(this.sent)


async def test_who_is_cut_off_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker may confirm nothing for hours; what was to be sent stays in the outbox."""
    monkeypatch.setattr(timekeeper, "PART", 1)
    this, gate = await waiting(MemoryStore()), Gate("publish")
    this.clock.moment = DUE
    firing = asyncio.create_task(this.fire(between=gate))
    await gate.reached_by(timekeeper.PARTS_IN_FLIGHT)
    firing.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait((firing,))
    assert firing.cancelled()
    assert await this.store.outbox_size() == len(KEYS)


async def test_who_was_slower_sends_nothing(new_store: NewStore) -> None:
    """What the other has committed it is sending just now; if it dies, the sweeper does."""
    this = await waiting(new_store())
    this.clock.moment = DUE
    assert await fire_at_the_same_moment(this) == len(KEYS)


async def test_the_suite_notices_what_is_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: to send whatever is left in the outbox doubles every message."""
    fired = Batch.fired
    always: Any = lambda *arguments, **_: fired(*arguments, repeated=True)  # noqa: E731
    monkeypatch.setattr(Batch, "fired", always)
    this = await waiting(MemoryStore())
    this.clock.moment = DUE
    assert await fire_at_the_same_moment(this) == 2 * len(KEYS)


async def test_what_may_have_been_committed_is_sent_at_once(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a commit was lost: its messages must not wait for the sweeper."""
    monkeypatch.setattr("orchestrator.engine.patience.delays", lambda _: repeat(0.0))
    this = await waiting(new_store())
    this.clock.moment = DUE
    await this.fire(Outage("commit", late=True))
    assert kinds(this.sent) == REMINDED


async def test_it_looks_again_at_once_while_it_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store tells of a part of what is due: of very many, each part would wait its turn."""
    monkeypatch.setattr(timekeeper, "TIMERS_AT_ONCE", 1)
    monkeypatch.setattr(timekeeper, "PERIOD_SECONDS", 10**6)
    this = await waiting(MemoryStore())
    this.clock.moment = DUE
    keeper, engine, ledger = this.timekeeper()
    prove(engine, DUE)
    ledger.enough = 10**9
    task = asyncio.create_task(keeper.run())
    await ledger.until(lambda: len(this.sent) == len(KEYS))
    engine.stop()
    await task
    assert kinds(this.sent) == REMINDED


async def test_parts_of_what_is_due_are_sent_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next part is decided while the last is sent, and does not overtake it."""
    monkeypatch.setattr(timekeeper, "PART", 1)
    this = await waiting(MemoryStore())
    this.clock.moment = DUE
    assert await this.fire() == len(KEYS)
    assert kinds(this.sent) == REMINDED


async def test_a_timer_waits_for_the_events_that_came_before_it() -> None:
    """After an outage the answers lie in the queue: they must be decided first."""
    this = await waiting(MemoryStore())
    this.clock.moment = DUE + PATIENCE / 2
    await this.publish(filed("a-0", "C-0", "Answered"))
    async with this.running() as (engine, ledger):
        keeper = this.beside(engine, ledger)
        watching = asyncio.create_task(engine.witness.run())
        await ledger.until(lambda: bool(ledger.reports))
        await engine.witness.look()
        assert await keeper.fire_due() == 0  # nothing is known about the queue yet
        await engine.witness.proved.wait()
        assert await keeper.fire_due() == len(KEYS) - 1
    await watching
    assert kinds(this.sent) == [kind for kind in REMINDED if kind != ("Remind", "C-0")]


async def test_what_was_proven_while_the_clock_was_ahead_counts_no_more() -> None:
    """Set back, it needs hours to get there: events that arrive until then would be overtaken."""
    this = await waiting(MemoryStore())
    keeper, engine, _ = this.timekeeper()
    this.clock.moment = DUE
    prove(engine, DUE + SOON)
    assert await keeper.fire_due() == 0
    prove(engine, DUE)
    assert await keeper.fire_due() == len(KEYS)


@pytest.mark.parametrize("hours", [-1, 1, 10])
async def test_no_clock_of_a_producer_counts(hours: int) -> None:
    """A stamp after the timer does not prove that what came before it is decided."""
    this = await waiting(MemoryStore())
    this.clock.moment = DUE + PATIENCE / 2
    await this.publish(replace(filed("a-9", "C-9"), time=DUE + hours * PATIENCE))
    async with this.running() as (engine, ledger):
        await ledger.until(lambda: bool(ledger.reports))
        assert await this.beside(engine, ledger).fire_due() == 0


class Failing(Reminder):
    """A reminder whose expression fails when it is time."""

    def decide(self, instance: Instance | None, signal: Signal | Elapsed) -> Decision:
        if isinstance(signal, Elapsed) and signal.key == "C-2":
            raise ExpressionError("no field named amount")
        return super().decide(instance, signal)


async def test_a_timer_that_fails_is_a_dead_letter_and_harms_no_other() -> None:
    """It must not be tried for ever, and not be forgotten either: the instance stays."""
    this = await waiting(MemoryStore())
    this.rulebook = World(MemoryStore(), Failing()).rulebook
    this.clock.moment = DUE
    assert await this.fire() == len(KEYS)
    assert await this.fire() == 0
    assert kinds(this.sent) == [kind for kind in REMINDED if kind != ("Remind", "C-2")]
    (letter,) = this.dead_letters
    assert (letter.type, letter.correlation_id) == ("orchestrator.timer", "C-2")
    assert letter.headers["x-error"] == "no field named amount"
