"""Rules that feed each other through a consumer come to an end, and say why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.deadletter import read, revival
from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery, Message, Outgoing
from orchestrator.core.expression import compile_expression
from orchestrator.engine.spine import Spine
from tests.engine.definitions import rule
from tests.engine.messages import CHANNEL, QUEUE, filed, raw
from tests.engine.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOP = (rule("ping", "Asked", "Answer"), rule("pong", "Answered", "Ask"))
REPLIES = {"Answer": "Answered", "Ask": "Asked"}
ENOUGH = 100


class Forgetful(Spine):
    """The control: an engine that never stops reacting."""

    def __init__(self, *services: object, **options: object) -> None:
        super().__init__(*services, **options, max_hops=10**9)  # type: ignore[arg-type]


async def consume(world: World, spine: type[Spine] = Spine, *, keep: bool = True) -> int:
    """Run the engine and a consumer that answers every command; return how many it got."""
    answered = 0
    while len(world.sent) > answered and answered < ENOUGH:
        commands, answered = world.sent[answered:], len(world.sent)
        await world.publish(*(reply(command, keep=keep) for command in commands))
        await run(world, spine)
    return answered


async def run(world: World, spine: type[Spine] = Spine) -> None:
    engine, ledger = world.engine(spine=spine)
    await engine.run()
    assert ledger.defects == []


def reply(command: Message, *, keep: bool) -> Message:
    """What a consumer answers, with or without the count of the command."""
    cause = decode(Delivery(command.body, headers=command.headers), NOW)
    answer = Outgoing(
        f"re-{cause.id}", REPLIES[cause.type], CHANNEL, "consumer", NOW, {}, cause.correlation_id
    )
    return encode(replace(answer, hops=cause.hops, trail=cause.trail) if keep else answer)


async def looped(spine: type[Spine] = Spine, *, keep: bool = True) -> tuple[World, int]:
    """A world after somebody has asked once."""
    world = World(MemoryStore(), *LOOP)
    await world.publish(filed("1", "C-1", "Asked"))
    await run(world, spine)
    return world, await consume(world, spine, keep=keep)


def dead(world: World) -> Mapping[str, object]:
    """The headers of the only dead letter."""
    (letter,) = world.dead_letters
    return letter.headers


async def test_two_rules_that_feed_each_other_end_after_the_limit() -> None:
    """Neither rule file nor consumer shows the loop alone; only the count can end it."""
    world, commands = await looped()

    assert commands == 32
    assert dead(world)["x-reason"] == "too-many-hops"
    assert dead(world)["x-rule"] == "ping"


async def test_the_reason_tells_the_way() -> None:
    """Whoever is on call sees which rules to look at."""
    world, _ = await looped()

    error = str(dead(world)["x-error"])
    assert error.startswith("32 reactions led to this Asked, and at 32 rules stop reacting: ")
    assert error.endswith("Asked -(ping)-> Answer, Answered -(pong)-> Ask")


@pytest.mark.parametrize(("spine", "keep"), [(Forgetful, True), (Spine, False)])
async def test_without_the_limit_or_the_count_there_is_no_end(
    spine: type[Spine], *, keep: bool
) -> None:
    """The control: it is the count, handed on by the consumer, that ends the loop."""
    world, commands = await looped(spine, keep=keep)

    assert commands == ENOUGH
    assert world.dead_letters == []


async def test_only_rules_that_would_react_are_stopped() -> None:
    """A rule whose condition does not hold has no part in the loop."""
    other = replace(rule("other", "Asked", "Other"), guard=compile_expression("data.sum > 3"))
    world = World(MemoryStore(), other, rule("ping", "Asked", "Answer"))
    event = filed("1", "C-1", "Asked", sum=1)
    await world.publish(replace(event, headers={"x-hops": 32}))

    await run(world)

    assert dead(world)["x-rule"] == "ping"


async def test_a_redrive_begins_to_count_anew() -> None:
    """Who redrives has mended the rules; the old count would only refuse it again."""
    world = World(MemoryStore(), rule("ping", "Asked", "Answer"))
    await world.publish(raw(filed("1", "C-1", "Asked").body, **{"x-hops": 40, "tenant": 7}))
    await run(world)
    (letter,) = world.dead_letters
    found = read(Delivery(letter.body, headers=letter.headers), f"{QUEUE}.dlq")

    await world.publish(replace(revival(found, None), routing_key=CHANNEL))
    await run(world)

    assert [message.type for message in world.sent] == ["Answer"]
    assert len(world.dead_letters) == 1
