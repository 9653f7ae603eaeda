"""What a stateless rule sends on an event, and when it cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.core import definitions
from orchestrator.core.decision import Decision, Elapsed, Later, Signal, emit, forget
from orchestrator.core.definitions import Action, Rule, Rulebook
from orchestrator.core.event import Event, Outgoing
from orchestrator.core.expression import (
    ROOTS,
    ReactionBudget,
    compile_expression,
    compile_template,
)
from orchestrator.core.ids import event_identity, message_id, reaction_id
from orchestrator.core.problem import Position
from orchestrator.core.scope import Scope
from orchestrator.errors import ExpressionError, Refused, SchemaViolation

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
RULE_AT, ACTION_AT = Position("rules.yaml", 2, 3), Position("rules.yaml", 5, 7)
EVENT = Event(
    type="ComplaintFiled",
    id="e-1",
    source="portal",
    subject="C-991",
    time=NOW,
    data={"names": ["Ada", "Bob"], "amounts": [1, 20], "nested": [["a"], ["b", "c"]]},
    correlation_id="case-7",
    causation_id=None,
    traceparent="00-trace",
    identity=event_identity("portal", "ComplaintFiled", "e-1"),
)


NAMES = ROOTS | {"item", "amount", "group"}


@dataclass(frozen=True)
class Contract:
    """A message type that wants no data but what it allows."""

    name: str = "Send"
    channel: str = "notify.v1"
    forbidden: object = "forbidden"

    def validate(self, data: object) -> None:
        if data == self.forbidden:
            raise SchemaViolation(f"{self.name}: data is forbidden")


def action(data: Any = None, **parts: Any) -> Action:
    """Return an action of the given template; other parts are expressions by their field."""
    compiled = {
        name: compile_expression(part, roots=NAMES) if name in {"guard", "for_each"} else part
        for name, part in parts.items()
    }
    fields: dict[str, Any] = {
        "message": Contract(),
        "data": None if data is None else compile_template(data, roots=NAMES),
        "guard": None,
        "for_each": None,
        "item_name": "item",
        "position": ACTION_AT,
    }
    return Action(**(fields | compiled))


def rule(*actions: Action, for_each: str | None = None, item_name: str = "item") -> Rule:
    return Rule(
        name="intake",
        revision="0123456789ab",
        description="",
        triggers=("ComplaintFiled",),
        guard=None,
        actions=actions,
        for_each=compile_expression(for_each) if for_each else None,
        item_name=item_name,
        position=RULE_AT,
    )


def decide(made: Rule, event: Event = EVENT) -> Decision:
    scope = Scope(event, NOW)
    reaction = reaction_id(event.identity, made.name)
    return made.decide(None, Signal(event, reaction, NOW, "orchestrator", scope))


def sent(made: Rule) -> list[object]:
    return [outgoing.data for outgoing in decide(made).outgoing]


def test_a_message_carries_what_it_came_from() -> None:
    """Tracing a case back needs every one of these."""
    (outgoing,) = decide(rule(action({"to": "${event.subject}"}))).outgoing
    assert outgoing == Outgoing(
        id=message_id(reaction_id(EVENT.identity, "intake"), 0),
        type="Send",
        channel="notify.v1",
        source="orchestrator",
        time=NOW,
        data={"to": "C-991"},
        correlation_id="case-7",
        subject="C-991",
        causation_id="e-1",
        traceparent="00-trace",
        rule="intake",
        revision="0123456789ab",
        hops=1,
    )


def test_a_stateless_rule_remembers_nothing() -> None:
    """It must not touch an instance, nor be asked one by one."""
    made = rule(action())
    assert made.stateful is False
    assert decide(made) == emit(decide(made).outgoing)
    assert made.key(EVENT, Scope(EVENT, NOW)) == "case-7"


SENDS: dict[str, tuple[Rule, list[object]]] = {
    "nothing": (rule(), []),
    "the event's data without a template": (rule(action()), [EVENT.data]),
    "null is a template": (rule(action(data={"a": None})), [{"a": None}]),
    "actions in order": (rule(action("one"), action("two")), ["one", "two"]),
    "a guard that holds": (rule(action("yes", guard="size(data.names) == 2")), ["yes"]),
    "a guard that does not": (
        rule(action("no", guard="size(data.names) == 3"), action("b")),
        ["b"],
    ),
    "once per item": (rule(action("${item}!", for_each="data.names")), ["Ada!", "Bob!"]),
    "an empty list": (rule(action("no", for_each="[]")), []),
    "a guard per item": (
        rule(action("${item}", for_each="data.amounts", guard="item > 10")),
        [20],
    ),
    "an item by name": (
        rule(action("${amount}", for_each="data.amounts", item_name="amount")),
        [1, 20],
    ),
    "the event's data inside": (
        rule(action({"n": "${item}", "of": "${size(data.names)}"}, for_each="data.amounts")),
        [{"n": 1, "of": 2}, {"n": 20, "of": 2}],
    ),
    "all actions per item of the rule": (
        rule(action("a ${item}"), action("b ${item}"), for_each="data.names"),
        ["a Ada", "b Ada", "a Bob", "b Bob"],
    ),
    "both levels": (
        rule(
            action("${group[0]} ${item}", for_each="group"),
            for_each="data.nested",
            item_name="group",
        ),
        ["a a", "b b", "b c"],
    ),
    "an item does not leak out of its action": (
        rule(action("${item}", for_each="data.names"), action("${item}"), for_each="data.amounts"),
        ["Ada", "Bob", 1, "Ada", "Bob", 20],
    ),
}


@pytest.mark.parametrize(("made", "expected"), SENDS.values(), ids=SENDS.keys())
def test_what_a_rule_sends(made: Rule, expected: list[object]) -> None:
    """The meaning of `then`, `if`, `with` and `for_each`."""
    assert sent(made) == expected


def test_ids_count_what_is_sent_and_not_what_is_written() -> None:
    """A retry after a crash must number the same messages in the same way."""
    made = rule(action("no", guard="false"), action("${item}", for_each="data.names"))
    reaction = reaction_id(EVENT.identity, "intake")
    assert [outgoing.id for outgoing in decide(made).outgoing] == [
        message_id(reaction, 0),
        message_id(reaction, 1),
    ]


def test_an_action_may_wait_for_its_time() -> None:
    """`after` counts from the decision, and what waits has its id already."""
    made = rule(action("now"), action("in 5 days", after=timedelta(days=5)), action("too"))
    decision = decide(made)
    reaction = reaction_id(EVENT.identity, "intake")

    assert [(outgoing.data, outgoing.id) for outgoing in decision.outgoing] == [
        ("now", message_id(reaction, 0)),
        ("too", message_id(reaction, 2)),
    ]
    (later,) = decision.later
    assert later == Later(NOW + timedelta(days=5), later.outgoing)
    assert (later.outgoing.data, later.outgoing.id) == ("in 5 days", message_id(reaction, 1))


def test_deciding_twice_decides_the_same() -> None:
    """Decisions are repeated after conflicts and crashes."""
    made = rule(action({"at": "${now}", "event": "${event.id}"}, for_each="data.names"))
    assert decide(made) == decide(made)


FAILS: dict[str, tuple[Rule, type[Refused], str]] = {
    "for_each of an action": (
        rule(action(for_each="data.names[0]")),
        ExpressionError,
        "rules.yaml:5:7: for_each needs a list; this expression gave something else",
    ),
    "for_each of the rule": (
        rule(action(), for_each="event.subject"),
        ExpressionError,
        "rules.yaml:2:3: for_each needs a list; this expression gave something else",
    ),
    "for_each over a map": (
        rule(action(for_each="{'a': 1}")),
        ExpressionError,
        "rules.yaml:5:7: for_each needs a list; this expression gave something else",
    ),
    "a missing field": (
        rule(action("${data.email}")),
        ExpressionError,
        "data.email is missing: ask has(...) first, or write get(..., default)",
    ),
    "a guard that is no condition": (
        rule(action(guard="data.amounts[0]")),
        ExpressionError,
        "expected true or false, got a number, in `data.amounts[0]`",
    ),
    "one item of many": (
        rule(action("${data.amounts[item]}", for_each="[0, 1, 2]")),
        ExpressionError,
        "the list has no item at this index (they count from 0), in `data.amounts[item]`",
    ),
    "data that its receiver forbids": (
        rule(action("fine"), action("forbidden")),
        SchemaViolation,
        "Send: data is forbidden",
    ),
}


@pytest.mark.parametrize(("made", "kind", "text"), FAILS.values(), ids=FAILS.keys())
def test_a_rule_that_cannot_send_all_sends_nothing(
    made: Rule, kind: type[Refused], text: str
) -> None:
    """Half of a reaction is no reaction: it is repeated as a whole once the rule is mended."""
    with pytest.raises(kind) as failure:
        decide(made)
    assert str(failure.value) == text


def test_the_events_own_data_is_checked_as_a_command() -> None:
    """What is passed on as it is may be right for the event and wrong for the command."""
    with pytest.raises(SchemaViolation):
        decide(rule(action()), replace(EVENT, data="forbidden"))


def test_a_rule_ends_what_one_of_its_name_remembered() -> None:
    """A rule that remembered was rewritten into one that does not: its last timer comes to this."""
    elapsed = Elapsed("C-991", NOW, reaction_id(EVENT.identity, "intake"), NOW, "test")

    assert rule(action("x")).decide(None, elapsed) == forget()


def test_one_event_sends_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a million items would be committed, held and published in one piece."""
    monkeypatch.setattr(definitions, "MAX_FAN_OUT", 3)
    assert sent(rule(action("x", for_each="range(3)"))) == ["x"] * 3
    with pytest.raises(ExpressionError, match="one event would send more than 3 messages"):
        decide(rule(action("x", for_each="range(4)")))


def test_one_reaction_does_only_so_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item of a long list that looks at all others holds up the heartbeats, and so the queue."""
    monkeypatch.setattr(ReactionBudget, "left", 10_000)
    data = {"n": "${size(range(100).filter(x, x > item))}"}
    few = rule(action(for_each="range(10)", data=data))
    for _ in range(3):  # each reaction has a budget of its own
        assert len(sent(few)) == 10
    with pytest.raises(ExpressionError, match="needs more than 10,000,000 steps"):
        decide(rule(action(for_each="range(100)", data=data)))


def book(*rules: Rule, **channels: str) -> Rulebook:
    contracts = {name: Contract(name, channel) for name, channel in channels.items()}
    return Rulebook("r1", rules, contracts)


def test_a_rulebook_finds_rules_by_type_in_file_order() -> None:
    """Commands of one event leave in the order in which people read the rules."""
    guard = compile_expression("data.amount > 5")
    both = replace(rule(), name="both", triggers=("Filed", "Closed"), guard=guard)
    filed = replace(rule(), name="filed", triggers=("Filed",))
    found = book(both, filed, Filed="c.v1", Closed="c.v1").by_type

    assert [definition.name for definition, _ in found["Filed"]] == ["both", "filed"]
    assert [definition.name for definition, _ in found["Closed"]] == ["both"]
    assert "Other" not in found
    (_, condition), (_, always) = found["Filed"]
    assert always is None
    assert condition is not None
    assert condition(Scope(replace(EVENT, data={"amount": 6}), NOW))
    assert not condition(Scope(replace(EVENT, data={"amount": 5}), NOW))


def test_a_rulebook_binds_the_channels_of_what_triggers_it() -> None:
    """And of nothing else: the queue would fill with what nobody wants."""
    one = replace(rule(action()), triggers=("Filed", "Closed"))
    made = book(one, Filed="complaints.v1", Closed="complaints.v1", Unused="other.v1")
    assert made.channels == {"complaints.v1"}
    assert book().channels == frozenset()


def test_a_scope_builds_the_event_only_when_asked() -> None:
    """Of a hundred conditions most read only the data."""
    scope = Scope(EVENT, NOW)
    assert set(scope) == {"data", "now"}
    assert scope["event"] == EVENT.attributes()
    with pytest.raises(KeyError):
        scope["events"]


@pytest.mark.parametrize("read_before", [False, True])
def test_an_item_stands_beside_the_rest_of_the_scope(*, read_before: bool) -> None:
    """And the scope it was added to does not know it."""
    scope = Scope(EVENT, NOW)
    if read_before:
        scope["event"]
    inner = scope.with_item("item", 5)
    assert (inner["item"], inner["data"], inner["now"]) == (5, EVENT.data, NOW)
    assert inner["event"] == EVENT.attributes()
    assert "item" not in scope
