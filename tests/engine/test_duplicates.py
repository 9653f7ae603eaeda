"""An event that comes twice is reacted to once, however it comes."""

from __future__ import annotations

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from tests.engine.definitions import Pairs, rule
from tests.engine.interference import Outage
from tests.engine.messages import QUEUE, distinct, filed, told
from tests.engine.world import World

TWICE = [filed("e1", "C-1"), filed("e1", "C-1")]


def world() -> World:
    return World(MemoryStore(), rule("intake", "Filed", "Send"), Pairs())


@pytest.mark.parametrize("batch_size", [1, 2])
async def test_a_resend_leads_to_nothing_more(batch_size: int) -> None:
    """Also in one batch with the original, where no marker exists yet; also for stateful rules."""
    this = world()
    await this.publish(*TWICE)

    ledger = await this.run(batch_size=batch_size)

    assert told(distinct(this.sent)) == ["Send e1"]
    assert ledger.events == {("Filed", "reacted"): 1, ("Filed", "duplicate"): 1}
    assert await this.store.outbox_size() == 0


@pytest.mark.parametrize("batch_size", [1, 3])
async def test_a_resend_is_not_the_partner_of_its_original(batch_size: int) -> None:
    """A join that counts one fact twice fires too early, and never again for the real partner."""
    this = world()
    await this.publish(*TWICE, filed("e2", "C-1"))

    await this.run(batch_size=batch_size)

    assert told(this.sent).count("Paired e2") == 1
    assert told(this.sent).count("Paired e1") == 0


async def test_two_facts_of_one_key_are_no_duplicates() -> None:
    """The control: what differs in its id alone is another fact."""
    this = world()
    await this.publish(filed("e1", "C-1"), filed("e2", "C-1"))

    ledger = await this.run(batch_size=2)

    assert sorted(told(this.sent)) == ["Paired e2", "Send e1", "Send e2"]
    assert ledger.events == {("Filed", "reacted"): 2}


async def test_a_resend_of_what_was_committed_but_not_sent_sends_it() -> None:
    """The process that committed is gone; nobody else has its commands before the sweeper."""
    this = world()
    await this.publish(filed("e1", "C-1"))
    lost = Outage("publish", failures=1, error=ConnectionAbortedError("as if killed here"))
    with pytest.raises(ExceptionGroup):
        await this.run(between=lost)
    assert (told(this.sent), await this.store.outbox_size()) == ([], 1)

    ledger = await this.run()

    assert told(this.sent) == ["Send e1"]
    assert ledger.events == {("Filed", "duplicate"): 1}
    assert await this.store.outbox_size() == 0


async def test_a_resend_with_one_new_rule_runs_that_rule() -> None:
    """Markers are per rule: the event counts as reacted to, not as a duplicate."""
    this = World(MemoryStore(), rule("intake", "Filed", "Send"))
    await this.publish(TWICE[0])
    await this.run()
    both = World(this.store, rule("intake", "Filed", "Send"), rule("added", "Filed", "Also"))
    await both.publish(TWICE[1])

    ledger = await both.run()

    assert told(both.sent) == ["Also e1"]
    assert ledger.events == {("Filed", "reacted"): 1}
    assert both.broker.depth(QUEUE) == 0


async def test_a_lost_answer_to_a_commit_sends_everything_once() -> None:
    """The store has applied it, the engine does not know: its second try finds the outbox."""
    this = world()
    await this.publish(*(filed(f"e{number}", "C-1") for number in range(4)))

    ledger = await this.run(between=Outage("commit", failures=2, late=True))

    assert sorted(told(this.sent)) == sorted(
        ["Paired e1", "Paired e3", "Send e0", "Send e1", "Send e2", "Send e3"]
    )
    assert [service for service, _ in ledger.waits] == ["store", "store"]


async def test_a_lost_confirm_repeats_the_same_ids() -> None:
    """The broker has the messages: what consumers see twice must carry one id."""
    this = world()
    await this.publish(*(filed(f"e{number}", "C-1") for number in range(2)))

    await this.run(between=Outage("publish", late=True))

    assert len(this.sent) == 2 * len(distinct(this.sent))
    assert sorted(told(distinct(this.sent))) == ["Paired e1", "Send e0", "Send e1"]
