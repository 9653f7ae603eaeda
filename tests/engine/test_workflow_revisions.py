"""An open instance of a workflow goes on by the wording it began under, whatever the files say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.engine.archive import Archive
from orchestrator.engine.case import Case
from tests.engine.answering import answer, event
from tests.engine.messages import CHANNEL, distinct, raw
from tests.engine.mistakes import LooksAtNoRevision
from tests.engine.world import NOW, World
from tests.engine.written import types, written

if TYPE_CHECKING:
    from orchestrator.core.event import Message
    from orchestrator.ports import Store
    from tests.engine.conftest import NewStore

CATALOG = types(
    ["Wanted", "ADone", "BDone", "CDone", "ZDone", "ZDenied"],
    ["DoA", "UndoA", "DoB", "UndoB", "DoC", "DoZ", "Old", "New", "Failed"],
)
OLD = """workflows:
  - name: flow
    when: Wanted
    announce: none
    steps:
      a: {send: DoA, await: ADone, compensate: UndoA, timeout: 1h}
      b: {send: DoB, await: BDone, timeout: 1h}
    then: [Old]
    otherwise: [Failed]
"""
NEW = OLD.replace("{send: DoB, await: BDone, timeout: 1h}", "{send: DoC, await: CDone}").replace(
    "[Old]", "[New]"
)
SHORT = """workflows:
  - name: flow
    when: Wanted
    announce: none
    steps:
      a: {send: DoA, compensate: UndoA}
    then: [Old]
"""
OTHER = OLD.replace("name: flow", "name: other").replace("when: Wanted", "when: ZDone")
PARENT = """workflows:
  - name: flow
    when: Wanted
    announce: none
    steps:
      child: {run: child}
      z: {send: DoZ, await: ZDone, fail_on: ZDenied}
    otherwise: [Failed]
  - name: child
    announce: none
    steps:
      a: {send: DoA, await: ADone, compensate: UndoA}
      b: {send: DoB, await: BDone, compensate: UndoB}
"""
CHANGED_CHILD = PARENT.replace("{send: DoB, await: BDone, compensate: UndoB}", "{send: DoC}")
TEMPLATE = """workflows:
  - name: shape
    parameters: {command: {type: string}}
    steps:
      a: {send: DoA, await: ADone}
      b: {send: "${parameters.command}", await: BDone}
    then: [Old]
  - {name: flow, when: Wanted, announce: none, template: shape, parameters: {command: DoB}}
"""


async def replica(store: Store, text: str, beside: World | None = None) -> World:
    """Return a world that runs these definitions, after what a reload does before the swap."""
    this = World(store)
    if beside is not None:
        this.broker, this.clock = beside.broker, beside.clock
    this.rulebook = written(text, CATALOG)
    await archive(this).keep(this.rulebook)
    await archive(this).recall(this.rulebook)
    return this


def archive(this: World) -> Archive:
    patience = this.engine()[0]._patience  # noqa: SLF001 - they share it
    return Archive(this.store, this.clock, patience, retention=timedelta(days=1))


async def begin(this: World, *keys: str) -> None:
    await this.publish(*(event("Wanted", f"s-{key}", key=key) for key in keys))
    await this.run()


def sent(this: World, key: str) -> list[str]:
    """Return what was sent for an instance and those it runs, each id once."""
    bodies = [orjson.loads(one.body) for one in distinct(this.sent)]
    of_key = [one for one in bodies if one["correlationid"].partition("/")[0] == key]
    return [one["type"] for one in of_key]


def recall(key: str) -> Message:
    told: dict[str, Any] = {"specversion": "1.0", "id": "c", "source": "test"}
    told |= {"type": "CompensateWorkflow", "correlationid": key}
    told["data"] = {"workflow": "flow", "parent": {"workflow": "other", "key": "P"}}
    return raw(orjson.dumps(told))


async def test_a_change_in_the_middle_is_for_those_that_begin_after_it(
    new_store: NewStore,
) -> None:
    """One goes on as it began, at whichever step it is; the next does as the file says now."""
    old = await replica(new_store(), OLD)
    await begin(old, "K-1")
    new = await replica(old.store, NEW, old)
    await begin(new, "K-2")
    await answer(new)
    assert sent(new, "K-1") == ["DoA", "DoB", "Old"]
    assert sent(new, "K-2") == ["DoA", "DoC", "New"]
    assert new.dead_letters == []


async def test_its_timers_and_compensations_go_by_it_too(new_store: NewStore) -> None:
    """The new wording has no timeout for the second step, and no such step."""
    old = await replica(new_store(), OLD)
    await begin(old, "K-1")
    await answer(old, but="DoB")
    new = await replica(old.store, NEW, old)
    new.clock.moment = NOW + timedelta(hours=1)
    await new.fire()
    assert sent(new, "K-1") == ["DoA", "DoB", "UndoA", "Failed"]
    assert new.dead_letters == []


async def test_a_workflow_that_is_gone_ends_what_it_began(new_store: NewStore) -> None:
    """Answers and times reach it until the last one has ended; nothing begins."""
    old = await replica(new_store(), OLD)
    await begin(old, "K-1")
    new = await replica(old.store, OTHER, old)
    await begin(new, "K-2")
    await answer(new)
    assert sent(new, "K-1") == ["DoA", "DoB", "Old"]
    assert sent(new, "K-2") == []
    await archive(new).recall(new.rulebook)
    assert not new.rulebook.retired


async def test_an_instance_of_a_template_that_changed_goes_on(new_store: NewStore) -> None:
    """Its wording is the template's with its parameters, as they were."""
    old = await replica(new_store(), TEMPLATE)
    await begin(old, "K-1")
    changed = TEMPLATE.replace("[Old]", "[New]").replace("command: DoB", "command: DoC")
    new = await replica(old.store, changed, old)
    await answer(new)
    assert sent(new, "K-1") == ["DoA", "DoB", "Old"]
    assert new.dead_letters == []


async def test_a_child_that_changed_in_the_middle_goes_on_and_back(new_store: NewStore) -> None:
    """Its parent did not change; the open child does what it began, and undoes that."""
    old = await replica(new_store(), PARENT)
    await begin(old, "K-1")
    await answer(old, but="DoB")
    new = await replica(old.store, CHANGED_CHILD, old)
    await answer(new)
    assert sent(new, "K-1") == [
        *("StartWorkflow", "DoA", "DoB", "instance.completed", "DoZ"),
        *("CompensateWorkflow", "UndoB", "UndoA", "instance.compensated", "Failed"),
    ]
    assert new.dead_letters == []
    assert await new.store.open_revisions() == {}


async def test_what_is_gone_begins_nothing_unnoticed_while_it_is_open_elsewhere(
    new_store: NewStore,
) -> None:
    """A parent would wait, and nobody know why; what comes for the second time is none of this."""
    old = await replica(new_store(), PARENT)
    await begin(old, "K-1")
    answered = await answer(old, but="DoZ")
    await begin(old, "K-2")
    answered = await answer(old, but="DoB", answered=answered)
    new = await replica(old.store, OTHER, old)
    (asked,) = (str(one.id) for one in old.sent if one.type == "DoZ")
    ended, _ = [one for one in old.sent if one.type == "StartWorkflow"]
    await new.publish(replace(ended, routing_key=CHANNEL))
    await new.run()
    assert new.dead_letters == []
    await begin(old, "K-3")
    answered = await answer(new, but="DoB", answered=answered)
    await new.publish(event("ZDenied", "z", cause=asked, key="K-1"))
    await new.run()
    await answer(new, but="DoB", answered=answered)
    letters = new.dead_letters
    assert [letter.type for letter in letters] == ["StartWorkflow", "CompensateWorkflow"]
    assert {letter.headers["x-rule"] for letter in letters} == {"child"}
    assert all("no workflow child is in force" in str(one.headers["x-error"]) for one in letters)


async def test_what_is_taken_back_and_begins_anew_at_once_begins_by_the_new_words(
    new_store: NewStore,
) -> None:
    """The end of the one goes by the words it began under; these begin nothing any more."""
    old = await replica(new_store(), SHORT)
    await begin(old, "K-1")
    new = await replica(old.store, SHORT.replace("[Old]", "[New]"), old)
    await new.publish(recall("K-1"), event("Wanted", "s-2"))
    await new.run(batch_size=2)
    assert sent(new, "K-1") == ["DoA", "Old", "UndoA", "DoA", "New"]
    assert new.dead_letters == []


async def test_the_open_one_is_taken_back_and_none_that_ended_before_it(
    new_store: NewStore,
) -> None:
    """What is kept of an earlier instance of the key is of no account while one is open."""
    this = await replica(new_store(), OLD)
    await begin(this, "K-1")
    answered = await answer(this)
    await this.publish(event("Wanted", "s-2"))
    await this.run()
    answered = await answer(this, but="DoB", answered=answered)
    await this.publish(recall("K-1"))
    await this.run()
    asked = [one for one in this.sent if one.type == "DoB"]
    await this.publish(event("BDone", "b-2", cause=str(asked[-1].id)))
    await this.run()
    assert sent(this, "K-1") == ["DoA", "DoB", "Old", "DoA", "DoB", "UndoA", "Failed"]


async def test_without_revisions_an_instance_would_change_its_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: the tests above notice an engine that looks at no revision."""
    monkeypatch.setattr(Case, "is_for", lambda *_: True)
    run: Any = World.run

    async def careless(self: World, **options: Any) -> Any:
        return await run(self, spine=LooksAtNoRevision, **options)

    monkeypatch.setattr(World, "run", careless)
    with pytest.raises(AssertionError):
        await test_a_change_in_the_middle_is_for_those_that_begin_after_it(MemoryStore)
