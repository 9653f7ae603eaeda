"""Markers: taken by the engine without a trace, and ignored by a daemon that knows none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.envelope import decode
from orchestrator.core.event import Delivery
from orchestrator.engine.marker import MARKER, is_marker, marker, starter
from tests.engine.definitions import rule
from tests.engine.messages import QUEUE
from tests.engine.world import NOW, World

SENT = marker(QUEUE, "a1b2/3", 7)
TAKEN = Delivery(
    SENT.body, routing_key=QUEUE, type=SENT.type, message_id=SENT.id, content_type=SENT.content_type
)


def test_it_tells_whose_it_is() -> None:
    """The member that waits for it, and which of its markers."""
    assert is_marker(TAKEN)
    assert starter(TAKEN) == ("a1b2/3", 7)


@pytest.mark.parametrize("name", [None, "", "7", "a1b2/3/", "a1b2/3/x", "/7", "a1b2/3/-7"])
def test_what_nobody_of_us_sent_is_nobodys(name: str | None) -> None:
    """Whoever may write to the queue may write anything."""
    assert starter(replace(TAKEN, message_id=name)) is None


def test_an_event_of_that_type_is_none() -> None:
    """Services publish through the exchange, and what they publish is an event."""
    assert not is_marker(replace(TAKEN, exchange="hms"))


def test_who_knows_no_markers_reads_an_event_that_no_rule_wants() -> None:
    """While replicas are updated one by one, the older ones take them too."""
    assert decode(TAKEN, NOW, 1000).type == MARKER


async def test_it_is_taken_and_leads_to_nothing() -> None:
    """No command, no dead letter, no note: it is not an event, however much a rule wants it."""
    this = World(MemoryStore(), rule("greedy", MARKER, "Send"))
    await this.publish(SENT, replace(SENT, id="nonsense"))
    ledger = await this.run()
    assert (len(this.broker.published), this.broker.depth(QUEUE)) == (2, 0)
    assert ledger.events == {}
