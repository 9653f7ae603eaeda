"""One bad rule, message or line of our own code never stops the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.memory.store import MemoryStore
from orchestrator.core.definitions import Action
from orchestrator.core.expression import compile_expression, compile_template
from orchestrator.core.problem import Position
from orchestrator.engine.batch import SLICE
from orchestrator.errors import SchemaViolation
from tests.engine.definitions import HERE, Contract, rule
from tests.engine.definitions import rulebook as make_rulebook
from tests.engine.interference import FullOfDeadLetters
from tests.engine.messages import CHANNEL, QUEUE, filed, raw, redriven, told
from tests.engine.world import World

if TYPE_CHECKING:
    from orchestrator.core.decision import Decision, Instance, Signal
    from orchestrator.core.definitions import Rule
    from orchestrator.core.event import Message


@dataclass(frozen=True)
class Strict(Contract):
    """A message type that accepts nothing."""

    def validate(self, data: object) -> None:
        """Refuse."""
        del data
        raise SchemaViolation(f"{self.name}: amount is missing")


def at(line: int) -> Any:
    """Return what gives places on a line of the rule file."""
    return lambda *offset: Position("rules.yaml", line, 5 + offset[-1])


def acting(*actions: Action) -> Rule:
    return rule("middle", "Filed", actions=actions)


SEND = Action(Contract("Middle", "notify.v1"), None, None, None, "item", HERE)
FIXED = acting(SEND)
MISSING = "data.amount is missing: ask has(...) first, or write get(..., default)"
BROKEN = {
    "guard": (
        rule("middle", "Filed", "Middle", guard=compile_expression("data.amount > 5", at(3))),
        "expression-failed",
        f"rules.yaml:3:5: {MISSING}",
    ),
    "template": (
        acting(replace(SEND, data=compile_template({"sum": "${data.amount}"}, at(7)))),
        "expression-failed",
        f"rules.yaml:7:7: {MISSING}",
    ),
    "guard of an action": (
        acting(SEND, replace(SEND, guard=compile_expression("data.amount > 5", at(9)))),
        "expression-failed",
        f"rules.yaml:9:5: {MISSING}",
    ),
    "for_each": (
        acting(replace(SEND, for_each=compile_expression("1", at(4)), position=at(4)(0))),
        "expression-failed",
        "rules.yaml:4:5: for_each needs a list; this expression gave something else",
    ),
    "schema of the command": (
        acting(SEND, replace(SEND, message=Strict("Middle", "notify.v1"))),
        "schema-violation",
        "Middle: amount is missing",
    ),
}


def among_others(middle: Any) -> World:
    return World(
        MemoryStore(), rule("first", "Filed", "First"), middle, rule("last", "Filed", "Last")
    )


@pytest.mark.parametrize(("broken", "reason", "error"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_rule_that_fails_gets_a_copy_and_stops_no_other(
    broken: Rule, reason: str, error: str
) -> None:
    """A typo of one team must not cost another team its commands, nor itself its event."""
    world = among_others(broken)
    await world.publish(filed("e1", "C-1"))

    ledger = await world.run()

    assert told(world.sent) == ["First e1", "Last e1"]
    (copy,) = world.dead_letters
    assert {name: copy.headers[name] for name in ("x-rule", "x-reason", "x-error", "x-queue")} == {
        "x-rule": "middle",
        "x-reason": reason,
        "x-error": error,
        "x-queue": QUEUE,
    }
    assert ledger.events == {("Filed", "failed"): 1}
    assert [(d.rule, d.correlation_id) for d in ledger.reports[0].dead_letters] == [
        ("middle", "C-1")
    ]
    assert world.broker.depth(QUEUE) == 0


@pytest.mark.parametrize("broken", [entry[0] for entry in BROKEN.values()], ids=BROKEN.keys())
async def test_a_redrive_runs_only_the_rule_that_failed(broken: Rule) -> None:
    """A rule that was added since then must not react to an event of last week."""
    world = among_others(broken)
    await world.publish(filed("e1", "C-1"))
    await world.run()
    world.rulebook = make_rulebook(FIXED, rule("new", "Filed", "New"))

    await world.publish(redriven(world.dead_letters[0]))
    await world.run()

    assert told(world.sent) == ["First e1", "Last e1", "Middle e1"]


async def test_what_is_published_again_runs_whatever_has_not_run_yet() -> None:
    """Without the header it is a resend: the markers keep those silent that have reacted."""
    world = among_others(BROKEN["guard"][0])
    await world.publish(filed("e1", "C-1"))
    await world.run()
    world.rulebook = make_rulebook(rule("first", "Filed", "First"), FIXED)

    await world.publish(filed("e1", "C-1"))
    ledger = await world.run()

    assert told(world.sent) == ["First e1", "Last e1", "Middle e1"]
    assert ledger.events == {("Filed", "reacted"): 1}


async def test_a_redrive_for_a_rule_that_is_gone_asks_all() -> None:
    """It was renamed, so its new name must get the event; the others have their markers."""
    world = among_others(BROKEN["guard"][0])
    await world.publish(filed("e1", "C-1"))
    await world.run()
    world.rulebook = make_rulebook(
        rule("first", "Filed", "First"), rule("renamed", "Filed", "Middle")
    )

    await world.publish(redriven(world.dead_letters[0]))
    await world.run()

    assert told(world.sent) == ["First e1", "Last e1", "Middle e1"]


async def test_the_parts_of_one_event_can_be_redriven_together() -> None:
    """Two rules failed on it: their copies are not duplicates of each other."""
    guard = compile_expression("data.amount > 5")
    one, two = (rule(name, "Filed", name.title(), guard=guard) for name in ("one", "two"))
    world = World(MemoryStore(), one, two)
    await world.publish(filed("e1", "C-1"))
    await world.run()
    world.rulebook = make_rulebook(*(replace(broken, guard=None) for broken in (one, two)))

    await world.publish(*(redriven(copy) for copy in world.dead_letters))
    await world.run(batch_size=10)

    assert told(world.sent) == ["One e1", "Two e1"]


REFUSED = {
    "not-json": raw(b"{"),
    "not-an-object": raw(b"[]"),
    "no-type": raw(b"{}"),
    "too-large": raw(b'"%s"' % (b"x" * 1024 * 1024)),
    "cc-bcc-header": raw(b'{"type":"Filed"}', CC=["hr.v1"]),
    "schema-violation": filed("bad", "C-1", "Paid"),
}


@pytest.mark.parametrize(("reason", "message"), REFUSED.items(), ids=REFUSED.keys())
async def test_a_refused_message_is_kept_with_its_reason(reason: str, message: Message) -> None:
    """Neither a crash nor a silent drop; its neighbours in the batch go on."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"), rule("paid", "Paid", "Thank"))
    contracts = {"Filed": Contract("Filed", CHANNEL), "Paid": Strict("Paid", CHANNEL)}
    world.rulebook = replace(world.rulebook, contracts=contracts)
    await world.publish(filed("e1", "C-1"), message, filed("e2", "C-2"))

    ledger = await world.run(batch_size=3)

    assert told(world.sent) == ["Send e1", "Send e2"]
    (copy,) = world.dead_letters
    assert (copy.body, copy.headers["x-reason"]) == (message.body, reason)
    assert "x-rule" not in copy.headers
    assert sorted(ledger.events.values()) == [1, 2]
    assert world.broker.depth(QUEUE) == 0


@pytest.mark.parametrize("claimed", ["x" * 200_000, [1] * 60_000], ids=["text", "list"])
async def test_a_refused_message_that_claims_to_be_redriven_fits_into_a_frame(
    claimed: object,
) -> None:
    """Its name of a rule may be anything, and a copy too large to be sent would come for ever."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"))
    await world.publish(raw(b"{", **{"x-redrive-rule": claimed}))
    await world.run()
    (copy,) = world.dead_letters
    assert copy.headers["x-rule"] == f"{str(claimed)[:100]}..."


async def test_what_nobody_wants_is_acknowledged_and_not_checked() -> None:
    """A channel carries types that no rule uses, in whatever shape others agreed on."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"))
    await world.publish(filed("e1", "C-1", "Unheard"))

    ledger = await world.run()

    assert ledger.events == {("Unheard", "ignored"): 1}
    assert world.sent + world.dead_letters == []
    assert world.broker.depth(QUEUE) == 0


@dataclass(frozen=True)
class Defective:
    """A definition of ours with a mistake in it that shows on one event."""

    culprit: str
    name: str = "defective"
    revision: str = "dddddddddddd"
    triggers: tuple[str, ...] = ("Filed",)
    stateful: bool = False

    def condition(self, event_type: str) -> None:
        """Want every event."""
        del event_type

    def key(self, event: Any, scope: Any) -> str:
        del scope
        return str(event.correlation_id)

    def decide(self, instance: Instance | None, signal: Signal) -> Decision:
        if signal.event.id == self.culprit:
            raise TypeError("unsupported operand")
        return rule("defective", "Filed", "Second").decide(instance, signal)


async def test_a_defect_of_ours_costs_only_the_message_it_met() -> None:
    """It would otherwise come again and again and stop everything behind it."""
    world = World(MemoryStore(), rule("first", "Filed", "First"), Defective("e2"))
    await world.publish(*(filed(f"e{number}", "C-1") for number in (1, 2, 3)))

    ledger = await world.run(batch_size=3)

    assert told(world.sent) == ["First e1", "Second e1", "First e3", "Second e3"]
    assert [copy.headers["x-reason"] for copy in world.dead_letters] == ["internal-error"]
    assert "unsupported operand" not in str(world.dead_letters[0].headers)
    assert [str(error) for error in ledger.defects] == ["unsupported operand"]
    assert world.broker.depth(QUEUE) == 0


async def test_after_an_update_a_defects_message_is_redriven_for_all_rules() -> None:
    """None of them has reacted to it."""
    world = World(MemoryStore(), rule("first", "Filed", "First"), Defective("e1"))
    await world.publish(filed("e1", "C-1"))
    await world.run()
    world.rulebook = make_rulebook(rule("first", "Filed", "First"), Defective("none"))

    await world.publish(redriven(world.dead_letters[0]))
    await world.run()

    assert told(world.sent) == ["First e1", "Second e1"]


async def test_slow_decisions_leave_time_for_heartbeats() -> None:
    """The broker would close the connection, and hand out the same slow batch again."""
    turns = 0
    decided_in: list[int] = []

    class Noting(Contract):
        def validate(self, data: object) -> None:
            del data
            decided_in.append(turns)

    async def heartbeats() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    world = World(MemoryStore(), acting(replace(SEND, message=Noting("Middle", "notify.v1"))))
    await world.publish(*(filed(f"e{number}", "C-1") for number in range(3 * SLICE)))
    beating = asyncio.create_task(heartbeats())
    await world.run(batch_size=3 * SLICE)
    beating.cancel()
    assert max(Counter(decided_in).values()) == SLICE


@pytest.mark.parametrize("after", [None, timedelta(days=1)], ids=["at once", "later"])
async def test_a_reaction_too_large_to_hold_is_given_up_alone(after: timedelta | None) -> None:
    """Ten thousand copies of a large event would fill the memory, and Redis takes no such value."""
    copies = compile_expression("range(100)", at(4))
    flood = acting(replace(SEND, for_each=copies, after=after))
    world = among_others(flood)
    await world.publish(filed("e1", "C-1", text="x" * 300_000))
    await world.run()
    assert told(world.sent) == ["First e1", "Last e1"]
    (letter,) = world.dead_letters
    assert letter.headers["x-reason"] == "too-large"


async def test_a_message_too_large_to_be_sent_later_is_refused_at_once() -> None:
    """Whoever hears of it a day later cannot tell any more what to do about it."""
    grown = compile_template({"one": "${data.text}", "two": "${data.text}"})
    world = among_others(acting(replace(SEND, data=grown, after=timedelta(days=1))))
    await world.publish(filed("e1", "C-1", text="x" * 600_000))
    await world.run()
    assert told(world.sent) == ["First e1", "Last e1"]
    (letter,) = world.dead_letters
    assert letter.headers["x-reason"] == "too-large"


async def test_a_dead_letter_that_is_refused_keeps_no_command_coming_again() -> None:
    """A full dead-letter queue stays full for hours: every try would send all commands anew."""
    world = World(MemoryStore(), rule("intake", "Filed", "Send"))
    world.broker = full = FullOfDeadLetters([QUEUE, f"{QUEUE}.dlq"])
    await world.publish(filed("e1", "C-1"), raw(b"{"))
    await world.run()
    assert (full.refusals, told(world.sent), len(world.dead_letters)) == (0, ["Send e1"], 1)
