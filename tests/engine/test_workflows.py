"""Workflows in the engine: what is loaded, decided together and written of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from orchestrator.ports import InstanceKey
from tests.engine.messages import QUEUE, raw
from tests.engine.world import NOW, World
from tests.unit.core.workflow.build import (
    act,
    command,
    each,
    in_sequence,
    retry,
    step,
    undo,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.event import Delivery, Message
    from orchestrator.ports import Store, Subscription

AT = InstanceKey("flow", "C-1")


def event(event_type: str, event_id: str, data: object = None, cause: str | None = None) -> Message:
    """Return an event of the case, which may answer a command."""
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "echo",
        "type": event_type,
        "correlationid": "C-1",
        **({"causationid": cause} if cause else {}),
        "data": {} if data is None else data,
    }
    return raw(orjson.dumps(body))


class Echo:
    """Answers every command of an engine once, each time it is asked to."""

    def __init__(self, this: World) -> None:
        self.world = this
        self.answered = 0

    async def answer(self, **options: Any) -> None:
        """Answer what was not answered yet, as long as commands come; run the engine each time."""
        while self.answered < len(self.world.sent):
            asked = self.world.sent[self.answered :]
            self.answered = len(self.world.sent)
            replies = [reply(one) for one in asked if one.type and one.type.startswith("Do")]
            if not replies:
                return
            await self.world.publish(*replies)
            await self.world.run(**options)


def reply(asked: Message) -> Message:
    name = str(asked.type).removeprefix("Do")
    data = orjson.loads(asked.body)["data"]
    return event(f"{name}Done", f"r-{asked.id}", data, asked.id)


def types(this: World) -> list[str]:
    return [str(one.type) for one in this.sent]


async def test_an_instance_goes_through_its_steps(store: Store) -> None:
    """From the start event to what is sent in the end, with nothing left behind."""
    steps = in_sequence(step("A", timeout=60), step("B", timeout=60), step("C", timeout=60))
    this = World(store, workflow(*steps, then=(act("Ended"),)))
    await this.publish(event("Started", "s-1"))
    await this.run()
    await Echo(this).answer()
    assert types(this) == ["DoA", "DoB", "DoC", "Ended"]
    assert await store.load([AT]) == [None]
    assert await store.due(NOW + timedelta(days=1), 10) == []
    assert this.dead_letters == []


@pytest.mark.parametrize("again", [True, False], ids=["comes again", "is another copy"])
async def test_what_a_crash_left_goes_out_when_the_answer_comes_again(
    store: Store, *, again: bool
) -> None:
    """The answer was taken in and concerns nothing any more; what it led to must not wait.

    Control: a copy that the broker does not call a redelivery says nothing about a crash, and what
    is left then waits for the sweeper.
    """
    this = World(store, workflow(*in_sequence(step("A"), step("B"))))
    await this.publish(event("Started", "s-1"))
    await this.run()
    answer = reply(this.sent[-1])
    await this.publish(answer)
    async with this.broker.subscribe(QUEUE, 10) as subscription:
        spine = this.engine()[0]._spine  # noqa: SLF001 - to stop between two of its steps
        await spine.react(await subscription.receive(10), this.rulebook)  # and there it dies
        if not again:
            await subscription.acknowledge((await _copies(this, subscription, answer))[-1])
            await this.publish(answer)

    await this.run()

    assert types(this) == (["DoA", "DoB"] if again else ["DoA"])


async def _copies(this: World, subscription: Subscription, answer: Message) -> Sequence[Delivery]:
    """Publish an answer once more and return its delivery."""
    await this.publish(answer)
    return await subscription.receive(10)


@pytest.mark.parametrize("batch_size", [1, 100], ids=["apart", "together"])
async def test_items_find_their_pieces(store: Store, batch_size: int) -> None:
    """Answers to many items in one batch come to the same as one after the other."""
    items = step(
        "A",
        command("DoA", "ADone", data={"n": "${item}"}),
        for_each=each("range(input.items)", 20),
        timeout=60,
    )
    told = command("Tell", data={"all": "${steps.A.output.map(o, o.n)}"})
    this = World(store, workflow(*in_sequence(items, step("B", told))))
    await this.publish(event("Started", "s-1", {"items": 100}))
    await this.run()
    assert len(this.sent) == 20
    await Echo(this).answer(batch_size=batch_size)
    assert orjson.loads(this.sent[-1].body)["data"] == {"all": list(range(100))}
    assert await store.load([AT]) == [None]
    assert this.dead_letters == []


async def test_items_that_nobody_answers_are_tried_again_and_taken_back(store: Store) -> None:
    """Their pieces have timers of their own; in the end each is compensated."""
    items = step(
        "A",
        command("DoA", "ADone", data={"n": "${item}"}),
        for_each=each("range(70)", 70),
        timeout=60,
        retry=retry(2, 10),
        undo=undo("UndoA"),
    )
    this = World(store, workflow(items))
    await this.publish(event("Started", "s-1"))
    await this.run()
    for seconds in (60, 70, 130):
        this.clock.moment = NOW + timedelta(seconds=seconds)
        while await this.fire():
            pass
    assert [types(this).count(name) for name in ("DoA", "UndoA")] == [140, 70]
    assert await store.load([AT]) == [None]
    assert this.dead_letters == []


async def test_what_answers_somebody_else_leaves_no_trace(store: Store) -> None:
    """Not even a marker: otherwise every answer on the bus would cost memory for a day."""
    this = World(store, workflow(step("A")))
    await this.publish(event("ADone", "r-1"))
    ledger = await this.run()
    assert ledger.events == {("ADone", "ignored"): 1}


async def test_an_order_that_fits_nothing_is_a_dead_letter(store: Store) -> None:
    """With the reason, for whoever gave it."""
    this = World(store, workflow(step("A")))
    await this.publish(event("InstanceOrder", "o-1", {"workflow": "flow", "order": "cancel"}))
    await this.run()
    (letter,) = this.dead_letters
    assert "has no open instance for C-1" in str(letter.headers["x-error"])


@pytest.mark.parametrize("event_type", ["StartWorkflow", "CompensateWorkflow"])
async def test_a_workflow_that_is_not_there_is_a_dead_letter(store: Store, event_type: str) -> None:
    """Whoever runs it waits in vain; once it is put back, what was wanted of it can be redriven."""
    this = World(store, workflow(step("A")))
    parent = {"workflow": "parent", "key": "C-1"}
    for name in ("gone", "flow"):
        await this.publish(event(event_type, f"s-{name}", {"workflow": name, "parent": parent}))
    await this.run()
    (letter,) = this.dead_letters
    assert letter.headers["x-rule"] == "gone"
    assert "no workflow gone is in force here" in str(letter.headers["x-error"])


async def test_a_name_that_no_workflow_can_have_is_cut_and_is_no_label(store: Store) -> None:
    """A header of its length would end each connection that copies it; a label stays for good."""
    this = World(store, workflow(step("A")))
    await this.publish(event("StartWorkflow", "s-1", {"workflow": "x" * 200_000, "input": {}}))
    ledger = await this.run()
    (letter,) = this.dead_letters
    assert letter.headers["x-rule"] == f"{'x' * 100}..."
    ((told,),) = (report.dead_letters for report in ledger.reports)
    assert (told.rule, len(str(told.error)) < 300) == (None, True)


@pytest.mark.parametrize("data", [None, [1], {}, {"workflow": 3}], ids=str)
async def test_what_only_looks_like_a_start_is_no_defect(store: Store, data: object) -> None:
    """Where there are no workflows nobody holds it against the schema, and nobody wants it."""
    this = World(store)
    await this.publish(event("StartWorkflow", "s-1", data))
    ledger = await this.run()
    assert ledger.events == {("StartWorkflow", "ignored"): 1}
    assert this.dead_letters == []
