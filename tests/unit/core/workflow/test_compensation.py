"""Taking back what was done: in reverse order, once, and not before everything is known."""

from __future__ import annotations

import pytest

from tests.unit.core.workflow.build import (
    act,
    command,
    each,
    group,
    in_sequence,
    retry,
    step,
    undo,
    wait,
    workflow,
)
from tests.unit.core.workflow.play import Play


def test_what_was_done_is_taken_back_in_reverse_order() -> None:
    """The last effect goes first; a step that was refused has none."""
    steps = in_sequence(*(step(name, undo=True) for name in "ABC"))
    play = Play(workflow(*steps, otherwise=(act("Failed"),))).start()
    play.answer("A", "B")
    play.reply("DoC", "CDenied")
    assert play.types == ["DoA", "DoB", "DoC", "UndoB", "UndoA", "Failed"]
    assert play.status == "faulted"


def test_the_order_is_that_of_completion() -> None:
    """Of steps that run side by side, the one that ended last is taken back first."""
    steps = (step("A", undo=True), step("B", undo=True), step("C", after=["A", "B"]))
    play = Play(workflow(*steps)).start()
    play.answer("B", "A")
    play.reply("DoC", "CDenied")
    assert play.types[3:] == ["UndoA", "UndoB"]


def test_a_command_that_takes_back_has_an_id_of_its_own() -> None:
    """It is told apart from the step's, and carries what the step gave."""
    steps = in_sequence(step("A", undo=True), step("B"))
    play = Play(workflow(*steps)).start({"fee": 1})
    play.answer("A", data={"permit": 7})
    play.reply("DoB", "BDenied")
    sent = play.command("UndoA")
    assert (sent.id, sent.data) == (f"{play.state.id}.A~.1", {"permit": 7})


def test_what_is_in_flight_is_waited_for() -> None:
    """An effect of unknown outcome must be known before anything is taken back."""
    play = Play(workflow(step("A", undo=True), step("B", undo=True), step("C"))).start()
    play.answer("A")
    play.reply("DoC", "CDenied")
    assert (play.types[3:], play.status) == ([], "compensating")
    play.answer("B")
    assert play.types[3:] == ["UndoB", "UndoA"]


def test_what_went_unanswered_is_taken_back_too() -> None:
    """It may have been done: only the answer is missing."""
    play = Play(workflow(step("A", timeout=60, undo=True))).start({"x": 1})
    play.advance(60)
    assert play.types == ["DoA", "UndoA"]
    assert play.command("UndoA").data == {"x": 1}


def test_a_refusal_after_a_timeout_is_an_answer() -> None:
    """Then it is known that there is nothing to take back."""
    flow = workflow(step("A", timeout=60, retry=retry(2), undo=True))
    play = Play(flow).start()
    play.advance(75)
    play.reply("DoA", "ADenied")
    assert (play.types, play.status) == (["DoA", "DoA"], "faulted")


def test_nothing_is_tried_again_while_everything_is_taken_back() -> None:
    """A step between two attempts is given up at once; one in flight after its time."""
    steps = (
        step("A", timeout=60, retry=retry(9, 1000)),
        step("B", timeout=100, retry=retry(9), undo=True),
        step("C"),
    )
    play = Play(workflow(*steps)).start()
    play.advance(61)
    assert play.step("A") == "waiting"
    play.reply("DoC", "CDenied")
    assert (play.step("A"), play.status) == ("cancelled", "compensating")
    play.advance(39)
    assert play.types[3:] == ["UndoB"]
    assert play.status == "faulted"


@pytest.mark.parametrize("word", ["compensate", "stop"])
def test_what_is_to_be_given_up_is_not_tried_again_at_the_same_moment(word: str) -> None:
    """The time of one step ends it all just when another is due for its next attempt."""
    steps = (step("A", timeout=10), step("B", retry=retry(2, delay=10)))
    play = Play(workflow(*steps, on_failure=word)).start()
    play.command_failed("DoB")
    play.advance(10)
    assert (play.types, play.status) == (["DoA", "DoB"], "faulted")


def test_steps_that_wait_are_given_up_at_once() -> None:
    """Nothing of them is on its way."""
    play = Play(workflow(step("A", wait(9000)), step("B"))).start()
    play.reply("DoB", "BDenied")
    assert (play.step("A"), play.status) == ("cancelled", "faulted")


def test_a_compensation_is_waited_for_before_the_next() -> None:
    """One after another, so that the order is real."""
    steps = in_sequence(
        step("A", undo=True), step("B", undo=undo("UndoB", "BUndone", timeout=60)), step("C")
    )
    play = Play(workflow(*steps)).start()
    play.answer("A", "B")
    play.reply("DoC", "CDenied")
    assert play.types[3:] == ["UndoB"]
    play.reply("UndoB", "BUndone")
    assert play.types[3:] == ["UndoB", "UndoA"]
    assert play.status == "faulted"


def test_a_compensation_that_fails_needs_a_person() -> None:
    """The instance says which and why, and goes on when it is tried again."""
    steps = in_sequence(
        step("A", undo=True),
        step("B", undo=undo("UndoB", "BUndone", timeout=60, retry=retry(2))),
        step("C"),
    )
    play = Play(workflow(*steps)).start()
    play.answer("A", "B")
    play.reply("DoC", "CDenied")
    play.advance(130)
    assert (play.status, play.state.incidents) == ("incident", {"B~": "no answer within 1m"})
    play.order("retry", step="B")
    assert [each.id[-5:] for each in play.sent if each.type == "UndoB"] == [
        ".B~.1",
        ".B~.2",
        ".B~.3",
    ]
    play.reply("UndoB", "BUndone")
    assert (play.types[-1], play.status) == ("UndoA", "faulted")


def test_a_compensation_may_be_skipped_by_a_person() -> None:
    """Somebody has done it by hand."""
    steps = in_sequence(
        step("A", undo=True), step("B", undo=undo("UndoB", "X", fail_on=("No",))), step("C")
    )
    play = Play(workflow(*steps)).start()
    play.answer("A", "B")
    play.reply("DoC", "CDenied")
    play.reply("UndoB", "No")
    play.order("skip", step="B")
    assert (play.types[-1], play.status) == ("UndoA", "faulted")


def test_an_incident_may_be_resolved_by_ending_it() -> None:
    """What is left to take back stays as it is."""
    steps = in_sequence(
        step("A", undo=True), step("B", undo=undo("UndoB", "X", fail_on=("No",))), step("C")
    )
    play = Play(workflow(*steps, otherwise=(act("Failed"),))).start()
    play.answer("A", "B")
    play.reply("DoC", "CDenied")
    play.reply("UndoB", "No")
    play.order("resolve")
    assert (play.types[-1], play.status) == ("Failed", "faulted")
    assert "UndoA" not in play.types


def test_a_group_may_take_back_its_own_and_fail_as_one_step() -> None:
    """The rest of the workflow goes on, as its own word says."""
    inner = group("G", *in_sequence(step("A", undo=True), step("B")), on_failure="compensate")
    play = Play(workflow(step("X", undo=True), inner, on_failure="continue")).start()
    play.answer("X", "A")
    play.reply("DoB", "BDenied")
    assert play.types == ["DoX", "DoA", "DoB", "UndoA"]
    assert (play.step("G"), play.status) == ("failed", "completed")


def test_a_group_that_was_taken_back_is_not_taken_back_again() -> None:
    """Its failure makes the workflow compensate the others only."""
    inner = group("G", *in_sequence(step("A", undo=True), step("B")), on_failure="compensate")
    play = Play(workflow(step("X", undo=True), inner)).start()
    play.answer("X", "A")
    play.reply("DoB", "BDenied")
    assert play.types[3:] == ["UndoA", "UndoX"]
    assert play.status == "faulted"


def test_the_members_of_a_group_are_taken_back_with_everything_else() -> None:
    """In the order in which they were done, whatever group they are in."""
    inner = group("G", step("A", undo=True), step("B", undo=True))
    play = Play(workflow(*in_sequence(inner, step("C", undo=True), step("D")))).start()
    play.answer("A", "B", "C")
    play.reply("DoD", "DDenied")
    assert play.types[4:] == ["UndoC", "UndoB", "UndoA"]


def test_a_timeout_of_a_group_takes_back_its_members() -> None:
    """Then it fails as one step."""
    inner = group("G", step("A", undo=True), step("B", timeout=30), timeout=20)
    play = Play(workflow(inner, on_failure="continue")).start()
    play.answer("A")
    play.advance(20)
    assert play.types[2:] == []
    play.advance(10)
    assert (play.types[2:], play.step("G"), play.status) == (["UndoA"], "failed", "completed")
    assert play.state.tasks["G"].error == {"type": "timeout", "reason": "not done within 20s"}


def test_a_group_whose_time_is_over_waits_for_nobody_without_a_limit() -> None:
    """A command in flight that has no timeout of its own would be waited for without end."""
    work = command("Do", "Done")
    items = step("I", work, for_each=each("[1, 2]"), undo=undo("UndoI"))
    inner = group("G", step("A", undo=True), items, timeout=20)
    play = Play(workflow(inner)).start()
    play.reply("Do", "Done")
    play.advance(20)
    assert sorted(play.types[3:]) == ["UndoA", "UndoI", "UndoI"]
    assert play.status == "faulted"


def test_a_workflow_whose_time_is_over_waits_for_nobody_without_a_limit() -> None:
    """Otherwise it would neither go on nor end."""
    play = Play(workflow(step("A", undo=True), timeout=20)).start()
    play.advance(20)
    assert (play.types, play.status) == (["DoA", "UndoA"], "faulted")


@pytest.mark.parametrize("how", ["refused", "cancelled", "suspended"])
def test_what_is_taken_back_already_waits_no_longer_than_the_workflow(how: str) -> None:
    """A command without a limit of its own would be waited for without end, and nobody told."""
    play = Play(workflow(step("A", undo=True), step("B"), timeout=60)).start()
    play.advance(20)
    if how == "suspended":
        play.order("suspend")
        play.advance(1000)
        play.order("resume")
    if how == "cancelled":
        play.order("cancel")
    else:
        play.reply("DoB", "BDenied")
    play.advance(39)
    assert (play.types, play.status) == (["DoA", "DoB"], "compensating")
    play.advance(1)
    assert (play.types[2:], play.status) == (
        ["UndoA"],
        "cancelled" if how == "cancelled" else "faulted",
    )


def test_items_that_are_taken_back_have_their_time_after_a_suspension() -> None:
    """What is left of it then is left when the instance resumes, as on the way there."""
    taking_back = undo("Undo", "Undone", timeout=10, retry=retry(2, 1))
    items = step("A", command("Do", "Done"), for_each=each("range(2)"), undo=taking_back)
    play = Play(workflow(*in_sequence(items, step("B")))).start()
    for asked in tuple(play.sent):
        play.reply(asked, "Done")
    play.reply("DoB", "BDenied")
    play.advance(4)
    play.order("suspend")
    play.advance(100)
    play.order("resume")
    play.advance(6)
    assert play.types.count("Undo") == 2
    play.advance(1)
    assert play.types.count("Undo") == 4


def test_data_of_a_compensation_may_read_the_output() -> None:
    """``output`` is what the step, or the item, gave."""
    taking_back = undo("UndoA", data={"permit": "${output.permit}"})
    steps = in_sequence(step("A", undo=taking_back), step("B", command("Do", "X", fail_on=("No",))))
    play = Play(workflow(*steps)).start()
    play.answer("A", data={"permit": 7})
    play.reply("Do", "No")
    assert play.command("UndoA").data == {"permit": 7}


def test_an_instance_that_is_resolved_leaves_no_compensation_open() -> None:
    """Whoever looks at it would take it for one that is still being taken back."""
    taking_back = undo("UndoA", "Gone", fail_on=("CannotUndo",))
    play = Play(workflow(*in_sequence(step("A", undo=taking_back), step("B")))).start()
    play.answer("A")
    play.reply("DoB", "BDenied")
    play.reply("UndoA", "CannotUndo")
    play.order("resolve")
    undone = play.state.tasks["A"].undo
    assert (play.status, undone and undone.status) == ("faulted", "cancelled")


def test_what_a_person_skipped_is_not_told_to_be_taken_back() -> None:
    """Whoever hears of the end relies on what it says was undone."""
    taking_back = undo("UndoA", "Gone", fail_on=("CannotUndo",))
    steps = in_sequence(step("X", undo=True), step("A", undo=taking_back), step("B"))
    play = Play(workflow(*steps, announce="instance")).start()
    play.answer("X", "A")
    play.reply("DoB", "BDenied")
    play.reply("UndoA", "CannotUndo")
    play.order("skip", step="A")
    told = play.command("instance.faulted").data
    assert isinstance(told, dict)
    assert told["compensated"] == ["X"]
