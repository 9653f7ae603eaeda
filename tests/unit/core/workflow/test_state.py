"""What is remembered of an instance: bytes that people can read, and ids that say what they are."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.ids import ReactionId
from orchestrator.core.workflow.ids import (
    Target,
    command_id,
    fraction,
    instance_id,
    read_command_id,
    read_target,
    workflow_digits,
)
from orchestrator.core.workflow.pieces import items_of
from orchestrator.core.workflow.state import (
    Items,
    Origin,
    State,
    Task,
    milliseconds,
    moment_of,
    unpack,
)
from tests.unit.core.workflow.build import command, each, in_sequence, step, workflow
from tests.unit.core.workflow.play import START, Play

RUN = "0123456789abcdef01234567"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
TIMES = st.integers(0, 2**42)
LEAVES = st.builds(
    Task,
    st.sampled_from(["pending", "running", "completed", "failed"]),
    TIMES,
    st.none() | TIMES,
    st.integers(0, 99),
    due=st.none() | TIMES,
    output=JSON,
    error=st.none() | st.just({"type": "timeout", "reason": "late"}),
    unknown=st.booleans(),
    item=JSON,
    items=st.none() | st.builds(Items, st.integers(0, 9), back=st.none() | st.integers(-1, 9)),
)
TASKS = LEAVES | st.builds(Task, st.just("completed"), TIMES, undo=LEAVES)


@given(
    st.builds(
        State,
        st.just(RUN),
        st.text(),
        st.just("0123456789ab"),
        st.sampled_from(["running", "compensating", "completed"]),
        TIMES,
        JSON,
        st.builds(Origin, st.text(), st.text(), st.none() | st.text(), st.integers(0, 9)),
        variables=st.dictionaries(st.text(), JSON, max_size=2),
        tasks=st.dictionaries(st.text(), TASKS, max_size=3),
        done=st.lists(st.text(), max_size=3),
        incidents=st.dictionaries(st.text(), st.text(), max_size=2),
    )
)
def test_a_state_survives_its_bytes(state: State) -> None:
    """Whatever is left out because it is usual comes back."""
    assert unpack(state.pack()) == state


def test_a_state_can_be_read_by_people() -> None:
    """On call one looks into Redis; times of a step and its attempts are there."""
    play = Play(workflow(*in_sequence(step("A", timeout=60), step("B")))).start({"fee": 1})
    assert play.instance is not None
    began = round(START.timestamp() * 1000)
    assert orjson.loads(play.instance.state) == {
        "id": play.state.id,
        "key": "case-7",
        "revision": "0123456789ab",
        "phase": "running",
        "started": began,
        "input": {"fee": 1},
        "start": {"id": "e-1", "type": "Started"},
        "tasks": {"A": {"status": "running", "opened": began, "attempt": 1, "due": began + 60_000}},
    }


def test_items_can_be_read_by_people() -> None:
    """Those that show an instance need every item with its status."""
    work = command("Do", "Done")
    play = Play(workflow(step("A", work, for_each=each("[7, 8, 9]", 2)))).start()
    found = items_of(play.parts["A/0"])
    assert [(one.item, one.status) for one in found] == [
        (7, "running"),
        (8, "running"),
        (9, "pending"),
    ]


def test_times_are_not_before_their_moment() -> None:
    """A timer that is early would find nothing to do."""
    assert milliseconds(START.replace(microsecond=1)) == round(START.timestamp() * 1000) + 1
    assert moment_of(milliseconds(START)) == START


@pytest.mark.parametrize(
    "target",
    [
        Target("A"),
        Target("A", 0),
        Target("A", 9999),
        Target("A", undoing=True),
        Target("a-b", 3, undoing=True),
    ],
)
def test_an_id_says_what_it_is_for(target: Target) -> None:
    """So a reply finds its step without any index."""
    assert read_command_id(command_id(RUN, target, 12)) == (RUN, target)


@pytest.mark.parametrize(
    "text", ["", "e-1", RUN, f"{RUN}.A", f"{RUN}.A.x", f"{RUN}.A[x].1", f"{RUN[:-1]}.A.1", "A.1"]
)
def test_an_id_of_somebody_else_says_nothing(text: str) -> None:
    """Most events name messages that no workflow sent."""
    assert read_command_id(text) is None


@pytest.mark.parametrize(
    ("text", "target"),
    [("A", Target("A")), ("A[3]", Target("A", 3)), ("A[x]", None), ("A~", None), ("", None)],
)
def test_people_name_steps_and_items(text: str, target: Target | None) -> None:
    """In orders, as the instance shows them."""
    assert read_target(text) == target


def test_the_id_of_an_instance_tells_its_workflow() -> None:
    """A reply to an earlier instance of the key is known from one to another workflow."""
    first, second = (instance_id("flow", ReactionId(bytes([n] * 16))) for n in (1, 2))
    assert first != second
    assert len(first) == 24
    assert first[:8] == second[:8] == workflow_digits("flow")
    assert workflow_digits("flow") != workflow_digits("other")


@given(st.text())
def test_a_fraction_is_below_one(command: str) -> None:
    """Delays must not grow by jitter."""
    assert 0 <= fraction(command) < 1
