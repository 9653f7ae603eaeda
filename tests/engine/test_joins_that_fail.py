"""An event that a rule that remembers cannot use: kept with its reason, and nobody else suffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.archive import Archive
from tests.engine.forms import SECOND
from tests.engine.messages import QUEUE, filed, redriven
from tests.engine.world import NOW, World
from tests.engine.written import types, written

if TYPE_CHECKING:
    from orchestrator.core.event import Message

CATALOG = types("AB", ["Joined", "Late", "Other", "Counted"])
GOOD = """
- name: joined
  when: {all: [A, {event: B, if: "get(data.amount, 1) > 0"}]}
  within: 1h
  by: get(data.k, "k")
  then: [{Joined: {of: "${events.*.id}"}}]
  otherwise: [Late]
- name: other
  when: {all: [A, B]}
  then: [{Other: {of: "${events.*.id}"}}]
- name: counted
  when: {count: B, at_least: 1}
  within: 1h
  then: [{Counted: {of: "${[event.id]}"}}]
"""
MENDED = GOOD.replace('get(data.k, "k")', "event.correlationid")
KEY = (
    "the key (`by`) of B must be a text, a number or a bool that is not empty; this expression gave"
    " something else"
)
MISSING = "data.amount is missing: ask has(...) first, or write get(..., default)"
# What stands in place of which part of the good rule, the data of a B, and what is said of it.
BROKEN: dict[str, tuple[tuple[str, str], dict[str, Any], str]] = {
    "a condition": (
        ("get(data.amount, 1) > 0", "data.amount > 0"),
        {"k": "k"},
        f"rules.yaml:3:35: {MISSING}",
    ),
    "what is sent": (
        ("${events.*.id}", "${[data.amount]}"),
        {"k": "k"},
        f"rules.yaml:6:28: {MISSING}",
    ),
    "a key that fails": (
        ('get(data.k, "k")', "data.k"),
        {},
        "rules.yaml:5:7: data.k is missing: ask has(...) first, or write get(..., default)",
    ),
    "a key that is null": (('get(data.k, "k")', "data.k"), {"k": None}, f"rules.yaml:2:3: {KEY}"),
    "a key that is a list": (('get(data.k, "k")', "data.k"), {"k": [1]}, f"rules.yaml:2:3: {KEY}"),
    "a key that is a map": (('get(data.k, "k")', "data.k"), {"k": {}}, f"rules.yaml:2:3: {KEY}"),
    "a key that is empty": (('get(data.k, "k")', "data.k"), {"k": ""}, f"rules.yaml:2:3: {KEY}"),
}
CASES = pytest.mark.parametrize(("change", "data", "error"), BROKEN.values(), ids=BROKEN.keys())


def told(world: World) -> list[tuple[str | None, list[str]]]:
    """Return what was sent, and about which events."""
    bodies = [orjson.loads(message.body) for message in world.sent]
    return sorted((body["type"], sorted(body["data"]["of"])) for body in bodies)


async def load(world: World, text: str) -> None:
    """Do what a start or a reload does: open cases keep the wording they began under."""
    engine, _ = world.engine()
    archive = Archive(world.store, world.clock, engine._patience)  # noqa: SLF001 - they share it
    world.rulebook = written(text, CATALOG)
    await archive.keep(world.rulebook)
    await archive.recall(world.rulebook)


async def met(change: tuple[str, str], data: dict[str, Any]) -> tuple[World, Message]:
    """Return what became of an A, and of a B that the rule cannot use; and that B."""
    world = World(MemoryStore())
    await load(world, GOOD.replace(*change, 1))
    bad = filed("b1", "k", "B", **data)
    await world.publish(filed("a1", "k", "A", k="k"))
    await world.publish(bad)
    await world.run(batch_size=2)
    return world, bad


@CASES
async def test_the_event_is_kept_with_the_reason_and_the_place(
    change: tuple[str, str], data: dict[str, Any], error: str
) -> None:
    """Whoever mends the rule needs the line, and the event as it was."""
    world, bad = await met(change, data)

    (letter,) = world.dead_letters
    assert letter.headers["x-error"] == error
    assert (letter.headers["x-rule"], letter.headers["x-reason"]) == ("joined", "expression-failed")
    assert letter.body == bad.body
    assert world.broker.depth(QUEUE) == 0


@CASES
async def test_other_rules_do_what_they_do(
    change: tuple[str, str], data: dict[str, Any], error: str
) -> None:
    """Also joins of the same events under the same key."""
    del error
    world, _ = await met(change, data)
    assert told(world) == [("Counted", ["b1"]), ("Other", ["a1", "b1"])]


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"what is sent"}))
async def test_a_redrive_is_used_once_the_rule_is_mended(name: str) -> None:
    """Its partner comes later, and nobody else reacts a second time."""
    change, data, _ = BROKEN[name]
    world = World(MemoryStore())
    await load(world, GOOD.replace(*change, 1))
    await world.publish(filed("b1", "k", "B", **data))
    await world.run()
    await load(world, MENDED)

    await world.publish(redriven(world.dead_letters[0]), filed("a1", "k", "A", k="k"))
    await world.run()

    assert told(world) == [("Counted", ["b1"]), ("Joined", ["a1", "b1"]), ("Other", ["a1", "b1"])]


@CASES
async def test_a_case_that_is_open_keeps_its_wording_and_the_event_is_kept_again(
    change: tuple[str, str], data: dict[str, Any], error: str
) -> None:
    """Whoever mends a rule under an open case loses nothing: the letter comes back, once."""
    world, bad = await met(change, data)
    await load(world, MENDED)

    await world.publish(redriven(world.dead_letters[0]))
    await world.run()

    _, again = world.dead_letters
    where, what = str(again.headers["x-error"]).split(": ", 1)
    assert where.startswith("joined@")  # the wording, and where in it
    assert (what, again.body) == (error.split(": ", 1)[1], bad.body)
    assert told(world) == [("Counted", ["b1"]), ("Other", ["a1", "b1"])]


async def test_a_timeout_that_fails_is_kept_and_names_its_case() -> None:
    """There is no event to blame: the letter says which rule, which key and which line."""
    world = World(MemoryStore())
    world.rulebook = written(GOOD.replace("[Late]", "[{Late: {of: '${data.amount}'}}]"), CATALOG)
    await world.publish(filed("a1", "k", "A", k="k"), filed("a2", "k2", "A", k="k2", amount=[]))
    await world.run()
    world.clock.moment = NOW + 3601 * SECOND

    await world.fire()

    (letter,) = world.dead_letters
    assert letter.headers["x-error"] == f"rules.yaml:7:30: {MISSING}"
    assert (letter.headers["x-rule"], letter.correlation_id) == ("joined", "k")
    assert [message.type for message in world.sent] == ["Late"]


async def test_an_event_that_no_element_wants_needs_no_key() -> None:
    """The key of what the rule never asked about may be anything, and nobody is bothered."""
    world = World(MemoryStore())
    world.rulebook = written(GOOD.replace('get(data.k, "k")', "data.k"), CATALOG)
    await world.publish(filed("b1", "k", "B", amount=0))
    await world.run()
    assert world.dead_letters == []
    assert told(world) == [("Counted", ["b1"])]
