"""The ledger: what led to nothing is noted, whatever is killed, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.ledger import MemoryLedger
from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.expression import compile_expression
from orchestrator.core.stateful import AtLeast, Element, StatefulRule
from orchestrator.core.unmatched import again
from orchestrator.engine.spine import Spine
from tests.engine.definitions import HERE, PATIENCE, rule
from tests.engine.interference import Fuse, crash_everywhere, survived
from tests.engine.messages import QUEUE, filed
from tests.engine.world import NOW, World
from tests.unit.core.workflow.build import awaited, run, step, workflow

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step
    from orchestrator.engine.batch import Batch
    from orchestrator.engine.report import BatchReport
    from orchestrator.ports import Subscription
    from tests.engine.interference import Life

LARGE = rule("large", "Filed", "Tell", guard=compile_expression("data.amount > 100"))
NORTH = rule("north", "Filed", "Tell", guard=compile_expression('data.region == "north"'))


def join(within_answered: str | None = None) -> StatefulRule:
    guard = compile_expression(within_answered) if within_answered else None
    elements = (Element("Filed", "Filed", None), Element("Answered", "Answered", guard))
    actions = rule("join", "Filed", "Joined").actions
    return StatefulRule("join", "r1", "", elements, AtLeast(2), PATIENCE, None, actions, (), HERE)


def world(*definitions: object) -> World:
    this = World(MemoryStore(), *definitions)
    this.unmatched = MemoryLedger(this.clock)
    return this


async def noted(this: World) -> list[tuple[str, list[str]]]:
    """Rule and event ids of every entry, the oldest first."""
    found = [entry.entry async for entry in this.unmatched.entries()]
    return [(each.rule, [event.id for event in each.events.values()]) for each in found[::-1]]


async def test_an_event_that_no_guard_let_through_is_noted() -> None:
    """One rule that reacts is enough to have matched; a type nobody wants was never a match."""
    this = world(LARGE, NORTH)
    await this.publish(
        filed("small", "C-1", amount=5, region="south"),
        filed("large", "C-2", amount=500, region="south"),
        filed("other", "C-3", "Unheard"),
        filed("wrong", "C-4", region="north"),
    )
    await this.run()
    assert await noted(this) == [("", ["small"])]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step("A", run("other"))], []),
        ([step("A", run("other")), step("B", awaited("instance.completed"))], [("", ["over"])]),
        ([step("A", awaited("Answered"))], [("", ["answer"])]),
    ],
)
async def test_how_others_ended_is_no_miss(
    steps: list[Step], expected: list[tuple[str, list[str]]]
) -> None:
    """A workflow hears of every end, to find those it runs: the ledger would hold nothing else."""
    this = world(workflow(*steps))
    await this.publish(
        filed("over", "C-1", "instance.completed"), filed("answer", "C-1", "Answered")
    )
    await this.run()
    assert await noted(this) == expected


async def test_an_event_sent_again_reaches_a_rule_that_was_mended_and_no_other() -> None:
    """A rule that reacted stays silent, also if it was not the one that missed the event."""
    this = world(LARGE)
    await this.publish(filed("small", "C-1", amount=5))
    await this.run()
    (entry,) = [found.entry async for found in this.unmatched.entries()]
    (event,) = entry.events.values()
    mended = rule("large", "Filed", "Tell", guard=compile_expression("data.amount > 1"))
    this.rulebook = World(MemoryStore(), mended).rulebook
    for _ in range(2):
        await this.publish(again(event, QUEUE))
        await this.run()
    assert [message.type for message in this.sent] == ["Tell"]


async def test_a_join_that_closed_in_vain_is_noted_and_comes_again_for_that_rule_alone() -> None:
    """Its events are marked as reacted to: a retry is one more reaction, and only one."""
    this = world(join("data.ok"), rule("always", "Filed", "Tell"))
    await this.publish(filed("f", "C-1"), filed("a", "C-1", "Answered", ok=False))
    await this.run()
    this.clock.moment = NOW + PATIENCE
    assert await this.fire() == 1
    assert await noted(this) == [("", ["a"]), ("join", ["f"])]

    this.rulebook = World(MemoryStore(), join(), rule("always", "Filed", "Tell")).rulebook
    found = [each async for each in this.unmatched.entries()]
    for _ in range(2):
        for each in found:
            events = each.entry.events.values()
            await this.publish(*(again(e, QUEUE, each.entry.rule, each.id) for e in events))
        await this.run()
    assert sorted(str(message.type) for message in this.sent) == ["Joined", "Tell"]


class _AcknowledgesFirst(Spine):
    """Notes once the broker has forgotten the event."""

    async def finish(self, batch: Batch) -> BatchReport:
        return batch.close()

    async def acknowledge(self, batch: Batch, subscription: Subscription) -> None:
        await super().acknowledge(batch, subscription)
        await super().finish(batch)


async def test_a_note_survives_every_crash() -> None:
    """At least once: what nobody reacted to must not go unseen because a process died."""
    crashes = await crash_everywhere(_noting(Spine))
    assert crashes.problems == []
    assert crashes.at >= {"receive", "note", "acknowledge"}
    assert crashes.calls >= 12  # 3 batches


async def test_a_note_after_the_acknowledgement_would_be_lost() -> None:
    """The negative control: some crash point must catch the wrong order."""
    assert (await crash_everywhere(_noting(_AcknowledgesFirst), first=True)).problems


async def test_a_join_that_lapsed_is_noted_whenever_the_process_dies() -> None:
    """A timer that fired does not come again, so its note comes first."""

    async def live(fuse: Fuse) -> list[str]:
        this = world(join())
        await this.publish(filed("f", "C-1"))
        await this.run()
        this.clock.moment = NOW + PATIENCE
        with survived():
            await this.fire(between=fuse)
        await this.fire()
        return [] if ("join", ["f"]) in await noted(this) else ["it is not noted"]

    crashes = await crash_everywhere(live)
    assert crashes.problems == []
    assert crashes.at >= {"due", "load", "note", "commit"}


def _noting(spine: type[Spine]) -> Life:
    """Return a run in which two of three events lead to nothing, and another behind it."""

    async def live(fuse: Fuse) -> list[str]:
        this = world(LARGE)
        await this.publish(
            filed("small-1", "C-1", amount=5),
            filed("large", "C-2", amount=500),
            filed("small-2", "C-3", amount=6),
        )
        with survived():
            await this.run(between=fuse, spine=spine, batch_size=1)
        await this.run(spine=spine, batch_size=1)
        missing = {"small-1", "small-2"} - {ids[0] for _, ids in await noted(this)}
        return [f"{name} is not noted" for name in sorted(missing)]

    return live
