"""What a workflow would send and nobody would accept: it must not stand in the way for ever."""

from __future__ import annotations

import pytest

from tests.unit.core.workflow.build import (
    act,
    approval,
    command,
    each,
    in_sequence,
    run,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.play import Play
from tests.unit.core.workflow.test_children import child_of_parent

TWICE = "${input.text}${input.text}"
INPUT = {"text": "x" * 600_000}


@pytest.mark.parametrize(
    "work", [command("Do", "Done", data=TWICE), run("child", TWICE), approval("chief", data=TWICE)]
)
def test_a_step_that_would_send_too_much_fails(work: object) -> None:
    """A message that is refused later would be so again, with everything decided beside it."""
    steps = in_sequence(step("A", undo=True), step("B", work))
    play = Play(workflow(*steps)).start(INPUT)
    play.answer("A")
    assert (play.types, play.status) == (["DoA", "UndoA"], "faulted")
    assert play.state.error is not None
    assert play.state.error["type"] == "too-large"
    assert "send a reference instead (claim check)" in str(play.state.error["reason"])


def test_a_compensation_that_would_send_too_much_needs_a_person() -> None:
    """Nobody else can undo the step then."""
    steps = in_sequence(step("A", undo=undo("UndoA", data=TWICE)), step("B"))
    play = Play(workflow(*steps)).start(INPUT)
    play.answer("A")
    play.reply("DoB", "BDenied")
    assert (play.types[2:], list(play.state.incidents)) == ([], ["A~"])


def test_last_words_that_are_too_large_need_a_person() -> None:
    """As any that cannot be said."""
    play = Play(workflow(step("A"), then=(act("Done", TWICE),))).start(INPUT)
    play.answer("A")
    assert (play.types, list(play.state.incidents)) == (["DoA"], ["then"])


def test_a_child_that_gives_too_much_says_so() -> None:
    """Its parent hears of it once a person has ended it: it cannot have the outputs."""
    items = step("A", command("Do", "Done", data={}), for_each=each("range(12)", 12))
    play = Play(workflow(items))
    child_of_parent(play)
    for sent in list(play.sent):
        play.reply(sent, "Done", "x" * 100_000)
    assert (play.status, list(play.state.incidents)) == ("incident", ["then"])
    assert "the data of instance.completed would have" in play.state.incidents["then"]
    play.order("resolve")
    assert (play.types[-1], play.status) == ("instance.faulted", "faulted")
