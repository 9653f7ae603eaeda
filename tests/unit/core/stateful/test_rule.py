"""What surrounds the forms: keys, conditions, what actions see, limits and what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from orchestrator.core.decision import Elapsed, Instance, Later, emit, remember
from orchestrator.core.definitions import Rulebook
from orchestrator.core.expression import ReactionBudget, compile_expression
from orchestrator.core.ids import ReactionId, message_id
from orchestrator.core.scope import Scope
from orchestrator.core.stateful import Count, Element, StatefulRule
from orchestrator.core.stateful import rule as rule_module
from orchestrator.errors import ExpressionError
from tests.unit.core.stateful.play import (
    ABSENT,
    ALL_THREE,
    COUNT,
    JOIN,
    START,
    Contract,
    Happened,
    Play,
    action,
    event,
    guarded,
    happened,
    outcomes,
    signal,
)

A0, B4 = happened("A0 B4")


def keyed(source: str) -> StatefulRule:
    return replace(JOIN, by={"A": compile_expression(source)})


def wants(rule: StatefulRule, data: object) -> bool:
    condition = rule.condition("A")
    assert condition is not None
    return condition(signal(event(A0, data)).scope)


def key_of(rule: StatefulRule, data: object) -> str:
    made = event(A0, data)
    return rule.key(made, Scope(made, START))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Acme", "Acme"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (-0.0, "0"),
        (1e18, "1000000000000000000"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        ("k" * 200, "k" * 200),
    ],
)
def test_a_key_is_a_text(value: object, expected: str) -> None:
    """Numbers that are equal are one key, however a producer writes them."""
    assert key_of(keyed("data"), value) == expected


def test_what_it_does_is_only_so_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one event, ``for_each`` included: nobody else is served meanwhile."""
    monkeypatch.setattr(ReactionBudget, "left", 10_000)
    data = {"n": "${size(range(100).filter(x, x > item))}"}
    few, many = (
        replace(JOIN, actions=(action("fired", data, for_each=compile_expression(items)),))
        for items in ("range(10)", "range(100)")
    )
    state = JOIN.decide(None, signal(event(A0))).state
    assert state is not None
    one = Instance(ReactionId(bytes(16)), state)
    assert len(few.decide(one, signal(event(B4))).outgoing) == 10
    with pytest.raises(ExpressionError, match="needs more than 10,000,000 steps"):
        many.decide(one, signal(event(B4)))


def test_a_key_has_a_limit() -> None:
    """It is part of names in the store, several times over."""
    with pytest.raises(ExpressionError) as failure:
        key_of(keyed("data"), "k" * 201)
    assert str(failure.value) == (
        "rules.yaml:2:3: the key (`by`) of A has 201 characters, over the limit of 200: use an id"
    )


def test_without_by_the_correlation_key_is_the_key() -> None:
    """What belongs to one case is joined without a word."""
    assert key_of(JOIN, None) == "case-7"


@pytest.mark.parametrize("value", [None, "", [1], {"id": 1}])
def test_what_is_no_key_is_refused(value: object) -> None:
    """It would join what has nothing to do with each other."""
    with pytest.raises(ExpressionError) as failure:
        key_of(keyed("data"), value)
    assert str(failure.value) == (
        "rules.yaml:2:3: the key (`by`) of A must be a text, a number or a bool that is not empty;"
        " this expression gave something else"
    )


def test_a_key_expression_that_fails_says_where() -> None:
    """The rule's author can mend it; other rules go on."""
    with pytest.raises(ExpressionError, match=r"data\.employer is missing"):
        key_of(keyed("data.employer"), {})


def test_a_rule_wants_the_types_of_its_elements_once() -> None:
    """One event is one signal, however many elements it may count for."""
    elements = (*JOIN.elements, Element("other", "A", None))
    made = replace(JOIN, elements=elements)
    assert made.triggers == ("A", "B")
    assert made.stateful
    book = Rulebook("r1", (made,), {name: Contract(name) for name in "AB"})
    assert book.by_type["A"] == ((made, None),)


def test_an_event_counts_for_the_first_element_it_fits() -> None:
    """One event never stands for two."""
    elements = (
        guarded("large", "A", "data > 10"),
        guarded("odd", "A", "data % 2 == 1"),
    )
    made = replace(JOIN, elements=elements)
    large, odd, neither = (
        signal(event(Happened(second, "A"), data)) for second, data in enumerate((11, 5, 2))
    )
    assert made.decide(None, neither) == emit(())
    first = made.decide(None, large)
    assert first.state is not None
    assert made.decide(Instance(large.reaction, first.state), large) == emit(())
    second = made.decide(Instance(large.reaction, first.state), odd)
    (outgoing,) = second.outgoing
    data: Any = outgoing.data
    assert {name: one["data"] for name, one in data.items()} == {"large": 11, "odd": 5}


def test_the_condition_of_a_lone_element_is_asked_before_anything_is_loaded() -> None:
    """A count of few among many events must not read the store for each."""
    lone = guarded("A", "A", "data > 10")
    assert wants(replace(COUNT, elements=(lone,)), 11)
    assert not wants(replace(COUNT, elements=(lone,)), 10)


def test_what_no_element_wants_needs_no_key() -> None:
    """Its `by` may fail on an event that the rule has nothing to do with."""
    several = (guarded("large", "A", "data > 10"), guarded("odd", "A", "data % 2 == 1"))
    picky = replace(JOIN, elements=(*several, Element("B", "B", None)))
    assert [wants(picky, data) for data in (11, 5, 2)] == [True, True, False]
    assert picky.condition("B") is None


def test_an_element_without_a_condition_wants_every_event_of_its_type() -> None:
    """Whatever conditions others of the type have."""
    rest = Element("rest", "A", None)
    assert replace(JOIN, elements=(guarded("large", "A", "data > 10"), rest)).condition("A") is None


def test_a_condition_that_fails_is_refused() -> None:
    """The event goes to the dead letters for this rule, and nothing is forgotten."""
    made = replace(JOIN, elements=(guarded("A", "A", "data.amount > 1"), JOIN.elements[1]))
    with pytest.raises(ExpressionError, match="null has no field amount"):
        made.decide(None, signal(event(A0)))


def test_actions_see_what_came_together() -> None:
    """`events` holds all of them; `event` and `data` are those of the newest by time."""
    looking = action(
        "Seen",
        {
            "events": "${[events.A.data, events.B.data]}",
            "event": "${event.id}",
            "data": "${data}",
            "time": "${events.A.time}",
            "now": "${now}",
        },
    )
    made = replace(JOIN, actions=(looking,))
    late, now = signal(event(A0, "a"), START), START + timedelta(hours=1)
    first = made.decide(None, signal(event(B4, "b")))
    assert first.state is not None
    decision = made.decide(Instance(late.reaction, first.state), replace(late, now=now))

    (outgoing,) = decision.outgoing
    assert outgoing.data == {
        "events": ["a", "b"],
        "event": "B@4/1",
        "data": "b",
        "time": "2026-03-01T09:00:00Z",
        "now": "2026-03-01T10:00:00Z",
    }
    assert (outgoing.id, outgoing.causation_id) == (message_id(late.reaction, 0), "B@4/1")
    assert (outgoing.correlation_id, outgoing.subject) == ("case-7", "C-991")
    assert (outgoing.rule, outgoing.revision) == ("remembering", "0123456789ab")


def test_an_action_of_a_join_may_wait() -> None:
    """`after` counts from the decision, not from the events."""
    made = replace(JOIN, actions=(action("Remind", after=timedelta(days=2)),))
    play = Play(made).arrive(A0)
    assert play.instance is not None
    decision = made.decide(play.instance, signal(event(B4), START))
    (later,) = decision.later
    assert later == Later(START + timedelta(days=2), later.outgoing)
    assert decision.outgoing == ()


def test_an_absence_takes_no_otherwise() -> None:
    """Its actions are what follows when the time is over."""
    assert Play(ABSENT).arrive(A0).until(5).outcomes == outcomes("fired A0")
    assert Play(ABSENT).arrive(A0).until(4.999).outcomes == []


def test_without_otherwise_a_window_ends_in_silence() -> None:
    """And leaves nothing behind."""
    play = Play(replace(JOIN, otherwise=())).arrive(A0).until(5)
    assert (play.outcomes, play.instance) == ([], None)


def test_a_timer_is_set_for_the_first_full_millisecond() -> None:
    """Never early: an event at the very end of its window still counts."""
    exact = replace(event(A0), time=START + timedelta(microseconds=1))
    decision = JOIN.decide(None, signal(exact))
    assert decision.due == START + timedelta(seconds=5, milliseconds=1)


def test_a_timer_that_was_set_for_something_else_decides_nothing() -> None:
    """What counts is when it was set for, not when it is noticed."""
    play = Play(JOIN).arrive(A0)
    assert play.instance is not None
    early = START + timedelta(seconds=4.999)
    made = Elapsed("case-7", early, signal(event(A0)).reaction, START + timedelta(days=9), "o")
    assert JOIN.decide(play.instance, made) == remember(play.instance.state, play.due)


def test_an_event_from_the_end_of_time_has_a_timer() -> None:
    """A producer with a broken clock must not break ours."""
    last = replace(event(A0), time=datetime.max.replace(tzinfo=UTC))
    assert JOIN.decide(None, signal(last)).due == datetime(9999, 12, 31, tzinfo=UTC)


def test_what_happened_in_a_reported_window_is_not_reported_again() -> None:
    """B3 stays, as it may still be part of a match, but its case was told of."""
    play = Play(ALL_THREE).arrive(*happened("A0 B3")).until(5)
    assert play.outcomes == outcomes("otherwise A0 B3")
    assert play.instance is not None
    matched = Play(ALL_THREE, play.instance, play.due).arrive(*happened("C7 A8"))
    assert matched.outcomes == outcomes("fired B3 C7 A8")
    assert play.until(8).instance is None
    assert play.outcomes == outcomes("otherwise A0 B3")


def test_many_of_one_element_keep_the_first_and_the_newest() -> None:
    """The window still ends when the first event says, and the state stays small."""
    minutes = replace(JOIN, within=timedelta(days=2))
    play = Play(minutes).arrive(*(Happened(second, "A") for second in range(100)))
    assert play.instance is not None
    kept = orjson.loads(play.instance.state)["kept"]["A"]
    assert [one[1] for one in kept] == ["A@0/1", *(f"A@{second}/1" for second in range(81, 100))]
    assert play.due == START + timedelta(days=2)


def test_a_count_keeps_times_and_the_newest_event() -> None:
    """A thousand complaints against one employer are a thousand times, not documents."""
    rule = replace(COUNT, pattern=Count(1000), within=timedelta(days=30))
    instance = None
    for second in range(50):
        made = signal(event(Happened(second, "A"), {"text": "x" * 1000}))
        state = rule.decide(instance, made).state
        assert state is not None
        instance = Instance(made.reaction, state)
    assert instance is not None
    assert len(instance.state) < 50 * 50 + 1500


def test_too_much_to_remember_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a key is read and written whole with each of its events."""
    monkeypatch.setattr(rule_module, "MAX_STATE_BYTES", 1000)
    assert JOIN.decide(None, signal(event(A0, "x" * 700))).state is not None
    with pytest.raises(ExpressionError) as failure:
        JOIN.decide(None, signal(event(A0, "x" * 1000)))
    assert "rule remembering would remember 1," in str(failure.value)
    assert "over the limit of 1,000: send references instead of documents" in str(failure.value)


def test_an_open_join_is_small() -> None:
    """A million of them must fit: 170 bytes beyond the payload, with ids of common lengths."""
    first = replace(
        event(A0, {"amount": 5}),
        id="0f8fad5b-d9cb-469f-a165-70867728950e",
        causation_id="7c9e6679-7425-40de-944b-e07fc1f90ae7",
        traceparent=None,
        time=START + timedelta(microseconds=123456),
    )
    state = JOIN.decide(None, signal(first)).state
    assert state is not None
    assert len(state) - len(orjson.dumps(first.data)) <= 170


def test_what_is_stored_comes_back() -> None:
    """Every attribute that a message or an expression may need, to the microsecond."""
    told = replace(
        event(A0, {"deep": [1, None, "ü"]}),
        time=START.replace(microsecond=1),
        causation_id="c-1",
        traceparent="00-trace",
        subject=None,
    )
    play = Play(replace(JOIN, otherwise=(action("otherwise", "${event}"),)))
    state = play.rule.decide(None, signal(told)).state
    assert state is not None
    instance = Instance(signal(told).reaction, state)
    due = START + timedelta(seconds=6)
    decision = play.rule.decide(instance, Elapsed("k", due, signal(told).reaction, due, "o"))
    (outgoing,) = decision.outgoing
    expected = told.attributes() | {"time": "2026-03-01T09:00:00.000001Z"}
    assert outgoing.data == expected
    assert outgoing.traceparent == "00-trace"


def test_an_element_that_is_gone_is_forgotten() -> None:
    """Whoever changes a rule under open instances loses only what nothing waits for any more."""
    play = Play(JOIN).arrive(A0)
    renamed = replace(JOIN, elements=(Element("other", "A", None), JOIN.elements[1]))
    changed = Play(renamed, play.instance, play.due).arrive(B4)
    assert changed.outcomes == []
    assert changed.until(9).outcomes == outcomes("otherwise B4")


def test_deciding_twice_decides_the_same() -> None:
    """Decisions are repeated after conflicts and crashes."""
    play = Play(JOIN).arrive(A0)
    completing = signal(event(B4))
    assert JOIN.decide(play.instance, completing) == JOIN.decide(play.instance, completing)
