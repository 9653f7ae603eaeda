"""What a rule on a schedule does at a tick, too late, or with an instance of something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.decision import Elapsed, Instance, Signal, forget, remember
from orchestrator.core.definitions import Action
from orchestrator.core.envelope import decode, encode
from orchestrator.core.event import Delivery
from orchestrator.core.expression import (
    ROOTS,
    ReactionBudget,
    compile_expression,
    compile_template,
)
from orchestrator.core.ids import ReactionId, event_identity, message_id, reaction_id
from orchestrator.core.problem import Position
from orchestrator.core.schedule import Cron, Periodic
from orchestrator.core.scheduled import (
    AT_ONCE,
    PUNCTUAL,
    ScheduledRule,
    pending,
    rule_and_tick,
    run_id,
)
from orchestrator.core.scope import Scope
from orchestrator.errors import ExpressionError, SchemaViolation

if TYPE_CHECKING:
    from orchestrator.core.decision import Decision
    from orchestrator.core.scheduled import CatchUp

HERE = Position("rules.yaml", 1, 1)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
VERSION = ReactionId(bytes(16))


@dataclass(frozen=True)
class Contract:
    """A message type that takes everything, or nothing."""

    name: str = "SendDigest"
    channel: str = "notify.v1"
    problem: str = ""

    def validate(self, data: object) -> None:
        del data
        if self.problem:
            raise SchemaViolation(self.problem)


def action(data: object = None, **changes: Any) -> Action:
    template = (
        compile_template(data, lambda _path, _offset: HERE, roots=ROOTS | {"item"})
        if data is not None
        else None
    )
    return replace(Action(Contract(), template, None, None, "item", HERE), **changes)


def hourly(catch_up: CatchUp = "last", *actions: Action) -> ScheduledRule:
    schedule = Periodic(HOUR)
    return ScheduledRule("digest", "r1", "", schedule, catch_up, actions or (action(),), HERE)


def waiting(rule: ScheduledRule, now: datetime) -> Instance:
    """The instance of a rule that was armed at a moment."""
    state = rule.arm(None, now).state
    assert state is not None
    return Instance(VERSION, state)


def decided(rule: ScheduledRule, instance: Instance, now: datetime) -> Decision:
    known = pending(instance.state)
    due = known.tick if known else now
    return rule.decide(instance, Elapsed("digest", due, VERSION, now, "orchestrator"))


def ticks_run(rule: ScheduledRule, instance: Instance, now: datetime) -> list[str]:
    """The ticks that are run when a timer is noticed at a moment, until the next lies ahead."""
    found: list[str] = []
    while True:
        decision = decided(rule, instance, now)
        found += [message.correlation_id.partition("@")[2] for message in decision.outgoing]
        assert decision.state is not None
        assert decision.due is not None
        instance = Instance(VERSION, decision.state)
        if decision.due > now:
            return found


def brought_back(rule: ScheduledRule, tick: datetime) -> Signal:
    """A tick that had failed, once its dead letter is sent again."""
    kept = encode(rule.letter(tick, "orchestrator"))
    event = decode(Delivery(kept.body), tick)
    reaction = reaction_id(event.identity, rule.name)
    return Signal(event, reaction, tick, "orchestrator", Scope(event, tick))


COSTLY = action(
    {"n": "${size(range(100).filter(x, x > item))}"},
    for_each=compile_expression("range(10)", lambda _offset: HERE),
)
"""Looks at a hundred numbers for each of ten items."""


def test_one_tick_does_only_so_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is served meanwhile, nor is the broker told that we live."""
    rule = hourly("last", COSTLY)
    monkeypatch.setattr(ReactionBudget, "left", 10_000)
    assert len(decided(rule, waiting(rule, NINE - SECOND), NINE).outgoing) == 10
    monkeypatch.setattr(ReactionBudget, "left", 500)
    with pytest.raises(ExpressionError, match="needs more than 10,000,000 steps"):
        decided(rule, waiting(rule, NINE - SECOND), NINE)
    with pytest.raises(ExpressionError, match="needs more than 10,000,000 steps"):
        rule.decide(None, brought_back(rule, NINE))


def test_ticks_that_are_made_up_for_share_what_work_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A decision is as long as they are together: what is left over comes next."""
    monkeypatch.setattr(ReactionBudget, "left", 10_000)
    rule = hourly("all", COSTLY)
    late = NINE + 20 * HOUR
    first = decided(rule, waiting(rule, NINE - SECOND), late)
    assert 10 <= len(first.outgoing) < 210
    assert len(ticks_run(rule, waiting(rule, NINE - SECOND), late)) == 210


def test_a_tick_sends_what_an_event_would() -> None:
    """A run is a case of its own; what has no data of its own says which tick it was."""
    decision = decided(hourly(), waiting(hourly(), NINE - SECOND), NINE + SECOND)

    (message,) = decision.outgoing
    run = "digest@2026-03-02T09:00:00Z"
    identity = event_identity("orchestrator", "orchestrator.tick", run)
    assert message.id == message_id(reaction_id(identity, "digest"), 0)
    assert message.data == {"rule": "digest", "scheduled_at": "2026-03-02T09:00:00Z"}
    assert (message.correlation_id, message.causation_id, message.subject) == (run, run, "digest")
    assert (message.time, message.rule, message.revision) == (NINE + SECOND, "digest", "r1")
    assert decision.due == NINE + HOUR


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (run_id("weekly-digest", NINE), ("weekly-digest", "2026-03-02T09:00:00Z")),
        ("ada@example.org", None),
        ("C-991", None),
    ],
)
def test_a_run_is_known_by_its_name(text: str, found: tuple[str, str] | None) -> None:
    """In a trace it must not look like a message that is missing."""
    assert rule_and_tick(text) == found


def test_expressions_read_the_tick_and_the_present() -> None:
    """They differ when a tick is run late."""
    data = {"type": "${event.type}", "at": "${string(event.time)}", "now": "${string(now)}"}
    rule = hourly("all", action(data))
    decision = decided(rule, waiting(rule, NINE - SECOND), NINE + HOUR / 2)
    assert [message.data for message in decision.outgoing] == [
        {
            "type": "orchestrator.tick",
            "at": "2026-03-02T09:00:00Z",
            "now": "2026-03-02T09:30:00Z",
        }
    ]


def test_a_message_for_later_waits_from_the_decision_on() -> None:
    """As in every other rule."""
    rule = hourly("last", action(after=HOUR))
    decision = decided(rule, waiting(rule, NINE - SECOND), NINE + SECOND)
    assert [later.due for later in decision.later] == [NINE + HOUR + SECOND]


@pytest.mark.parametrize(
    ("catch_up", "late", "expected"),
    [
        ("none", PUNCTUAL, ["09"]),
        ("last", PUNCTUAL, ["09"]),
        ("all", PUNCTUAL, ["09"]),
        ("none", PUNCTUAL + SECOND, []),
        ("last", PUNCTUAL + SECOND, ["09"]),
        ("all", PUNCTUAL + SECOND, ["09"]),
        ("none", 3 * HOUR + SECOND, ["12"]),
        ("last", 3 * HOUR + SECOND, ["11", "12"]),
        ("all", 3 * HOUR + SECOND, ["09", "10", "11", "12"]),
        ("none", 3 * HOUR + 2 * PUNCTUAL, []),
        ("last", 3 * HOUR + 2 * PUNCTUAL, ["12"]),
        ("all", 3 * HOUR + 2 * PUNCTUAL, ["09", "10", "11", "12"]),
    ],
)
def test_what_is_made_up_for(catch_up: CatchUp, late: timedelta, expected: list[str]) -> None:
    """A tick up to a minute late is on time; of the others as many as the rule says, in order."""
    rule = hourly(catch_up)
    run = ticks_run(rule, waiting(rule, NINE - SECOND), NINE + late)
    assert [tick[11:13] for tick in run] == expected


@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
def test_no_tick_is_run_twice_whenever_it_is_noticed(catch_up: CatchUp) -> None:
    """The same ticks in one look or in many: what was run is behind, what is next is ahead."""
    rule = hourly(catch_up)
    instance, run = waiting(rule, NINE - SECOND), []
    for hours in (0, 1, 5, 6, 30):
        now = NINE + hours * HOUR + timedelta(minutes=30)
        while (known := pending(instance.state)) and known.tick <= now:
            decision = decided(rule, instance, now)
            run += [message.correlation_id for message in decision.outgoing]
            instance = Instance(VERSION, decision.state or b"")
    assert len(run) == len(set(run)) == {"none": 0, "last": 5, "all": 31}[catch_up]


def test_what_is_made_up_for_comes_in_parts() -> None:
    """A year of missed ticks must not be one commit; what is left comes at once."""
    rule = replace(hourly("all", action(), action()), schedule=Periodic(60 * SECOND))
    now = NINE + 100 * HOUR
    decision = decided(rule, waiting(rule, NINE - SECOND), now)
    assert len(decision.outgoing) == len({message.id for message in decision.outgoing}) == AT_ONCE
    assert decision.due == NINE + AT_ONCE // 2 * 60 * SECOND
    assert len(ticks_run(rule, waiting(rule, NINE - SECOND), now)) == 2 * (100 * 60 + 1)


def test_ticks_that_send_nothing_come_in_parts_too() -> None:
    """To look through a year of them takes time, even if no condition holds."""
    guard = compile_expression("false", lambda _offset: HERE)
    rule = hourly("all", action(guard=guard))
    decision = decided(rule, waiting(rule, NINE - SECOND), NINE + 2 * AT_ONCE * HOUR)
    assert (decision.outgoing, decision.due) == ((), NINE + AT_ONCE * HOUR)


def test_one_of_several_ticks_that_fails_is_left_for_the_next_decision() -> None:
    """Those before it are sent; it is refused alone, and those after it are not lost."""
    eleven = NINE + 2 * HOUR
    rule = hourly("all", action({"a": f"${{1 / (int(event.time) - {eleven.timestamp():.0f})}}"}))
    now = NINE + 5 * HOUR

    decision = decided(rule, waiting(rule, NINE - SECOND), now)
    assert (len(decision.outgoing), decision.due) == (2, eleven)
    left = Instance(VERSION, decision.state or b"")
    with pytest.raises(ExpressionError):
        decided(rule, left, now)
    skipped = Instance(VERSION, rule.skip(rule.tried(left, now)).state or b"")
    assert len(ticks_run(rule, skipped, now)) == 3


def test_a_tick_is_never_early() -> None:
    """Whatever timer has led here, only the clock tells that it is time."""
    instance = waiting(hourly(), NINE - SECOND)
    assert decided(hourly(), instance, NINE - SECOND) == remember(instance.state, NINE)


def test_the_first_tick_lies_ahead() -> None:
    """A rule that was saved on Tuesday has not missed Monday."""
    assert hourly("all").arm(None, NINE).due == NINE + HOUR


def test_a_pending_tick_stays_when_the_rest_of_the_rule_changes() -> None:
    """Also one that is overdue: to save the file must not skip it."""
    rule = hourly()
    instance = waiting(rule, NINE - SECOND)
    changed = replace(rule, revision="r2", catch_up="all", actions=(action({"a": 1}),))
    assert changed.arm(instance, NINE + 5 * HOUR) == remember(instance.state, NINE)


def test_another_schedule_begins_anew() -> None:
    """The tick of the old one is nobody's."""
    instance = waiting(hourly(), NINE - SECOND)
    changed = replace(hourly(), schedule=Periodic(6 * HOUR))
    assert changed.arm(instance, NINE + SECOND).due == NINE + 3 * HOUR


@pytest.mark.parametrize("state", [b"", b'{"kept": {}}', b"[]", b"not JSON"])
def test_what_another_rule_of_that_name_remembered_is_replaced(state: bytes) -> None:
    """A join that became a schedule must not stop it, nor a timer it left behind."""
    other = Instance(VERSION, state)
    assert hourly().arm(other, NINE).due == NINE + HOUR
    assert decided(hourly(), other, NINE) == forget()


def test_the_tick_of_another_schedule_is_left_to_who_knows_it() -> None:
    """During a rollout the older replica must not run what the newer one has set."""
    newer = replace(hourly(), schedule=Periodic(2 * HOUR))
    instance = waiting(newer, NINE)
    now = NINE + HOUR
    assert decided(hourly(), instance, now) == remember(instance.state, now + 5 * SECOND)
    assert decided(newer, instance, now).outgoing != ()


def test_a_tick_that_fails_is_refused_and_the_next_one_follows() -> None:
    """One broken run must not be the end of the schedule."""
    rule = hourly("all", action(message=Contract(problem="/to is required")))
    instance = waiting(rule, NINE - SECOND)
    now = NINE + 3 * HOUR
    with pytest.raises(SchemaViolation):
        decided(rule, instance, now)
    assert rule.tried(instance, now) == NINE
    assert replace(rule, catch_up="last").tried(instance, now) == NINE + 2 * HOUR
    assert rule.skip(NINE).due == NINE + HOUR


def test_a_schedule_ends_with_the_year_9999() -> None:
    """The last tick is run, and nothing waits any more."""
    rule = replace(hourly(), schedule=Cron.parse("0 0 1 1 *", UTC, "UTC"))
    instance = waiting(rule, datetime(9998, 6, 1, tzinfo=UTC))
    decision = decided(rule, instance, datetime(9999, 1, 1, tzinfo=UTC))
    assert len(decision.outgoing) == 1
    assert decision == forget(decision.outgoing)
    assert rule.arm(None, datetime(9999, 6, 1, tzinfo=UTC)) == forget()
