"""A loop that goes through a rule that remembers is counted too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.decision import Elapsed, Instance
from orchestrator.core.ids import event_identity, reaction_id
from tests.unit.core.stateful.play import ABSENT, JOIN, START, event, happened, signal

A0, B4 = happened("A0 B4")


@pytest.mark.parametrize(("of_a", "of_b"), [(9, 0), (0, 9), (9, 2)])
def test_a_join_has_come_as_far_as_the_farthest_of_its_events(of_a: int, of_b: int) -> None:
    """Whichever is part of a loop, the other may come from outside and would hide it."""
    first = JOIN.decide(None, signal(replace(event(A0), hops=of_a, trail="way" if of_a else "")))
    assert first.state is not None
    instance = Instance(reaction_id(event(A0).identity, "remembering"), first.state)

    second = signal(replace(event(B4), hops=of_b, trail="way" if of_b else ""))
    (sent,) = JOIN.decide(instance, second).outgoing

    assert sent.hops == 10
    assert sent.trail == "way, B -(remembering)-> fired"


def test_time_does_not_make_the_count_forgotten() -> None:
    """An absence that asks for its own event would go on for ever, slowly."""
    decision = ABSENT.decide(None, signal(replace(event(A0), hops=31)))
    assert decision.state is not None
    assert decision.due is not None
    reaction = reaction_id(event_identity("", "", ""), "remembering")
    instance = Instance(reaction, decision.state)
    elapsed = Elapsed("case-7", decision.due, reaction, decision.due, "orchestrator")

    (sent,) = ABSENT.decide(instance, elapsed).outgoing

    assert sent.hops == 32
    assert sent.time > START
