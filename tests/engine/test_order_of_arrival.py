"""Events that carry no time: they happened one after another, as they came."""

from __future__ import annotations

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from tests.engine.messages import filed
from tests.engine.world import World
from tests.engine.written import types, written

RULES = """
- name: chain
  when: {sequence: [A, B]}
  within: 1h
  then: [Chain]
- name: often
  when: {count: {event: A, as: a}, at_least: 3}
  within: 1h
  then: [{Often: {newest: "${events.a.id}"}}]
"""


@pytest.mark.parametrize(
    ("came", "sent"),
    [
        ("A1 B1", ["Chain"]),
        ("B1 A1", []),
        ("A1 A2 A3", ["Often A3"]),
        ("A3 A1 A2", ["Often A2"]),
        ("B1 A1 A2 A3 B2", ["Often A3", "Chain"]),
    ],
)
async def test_events_of_one_batch_are_not_simultaneous(came: str, sent: list[str]) -> None:
    """Under load they are decided together; alone, each would have come after the other."""
    world = World(MemoryStore())
    world.rulebook = written(RULES, types("AB", ["Chain", "Often"]))
    await world.publish(*(filed(event, "C-1", event[0]) for event in came.split()))
    await world.run(batch_size=8)
    bodies = [orjson.loads(message.body) for message in world.sent]
    told = [" ".join([body["type"], *body["data"].values()]) for body in bodies]
    assert sorted(told) == sorted(sent)
