"""What is known of old wordings of rules, beside what the tests of revisions show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.archive import Archive
from orchestrator.engine.patience import Patience
from tests.engine.interference import Gate, Meddled
from tests.engine.ledger import Ledger
from tests.engine.messages import CHANNEL
from tests.engine.world import NOW, StillClock
from tests.engine.written import types, written

if TYPE_CHECKING:
    from orchestrator.core.definitions import Rulebook

CATALOG = types(("A", "B", "C"), ("Old", "New"))


def book(events: str, command: str) -> Rulebook:
    """Return the rulebook of one join."""
    return written(f"- {{name: join, when: {{all: {events}}}, then: [{command}]}}\n", CATALOG)


async def test_two_who_ask_for_a_wording_at_once_learn_it_once() -> None:
    """A batch that met it and the look at what is open: one would stay when it is forgotten."""
    old, new = book("[A, B]", "Old"), book("[C, B]", "New")
    (revision,), store = old.texts, MemoryStore()
    await store.put_definitions({revision.revision: old.texts[revision]}, NOW)
    gate = Gate("definitions")
    meddled: Any = Meddled(store, gate)
    archive = Archive(meddled, StillClock(), Patience(Ledger()))

    asking = [asyncio.create_task(archive.learn(new, [revision])) for _ in range(2)]
    await gate.reached_by(2)
    gate.open()
    await asyncio.gather(*asking)

    assert new.knows(revision)
    assert new.channels == {CHANNEL}
    assert "A" in new.retired.by_type
    new.retired.forget(revision)
    assert new.retired.by_type == {}
