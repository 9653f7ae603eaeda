"""Which steps open when: dependencies, groups, conditions, and what a failure does to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core.workflow.definition import Start
from tests.unit.core.workflow.build import (
    act,
    command,
    formula,
    group,
    in_sequence,
    step,
    wait,
    workflow,
)
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import OnFailure


def test_steps_without_dependencies_open_together() -> None:
    """Nothing waits that need not."""
    play = Play(workflow(step("A"), step("B"), step("C", after=["A", "B"]))).start()
    assert play.types == ["DoA", "DoB"]
    play.answer("B")
    assert play.types == ["DoA", "DoB"]
    play.answer("A")
    assert play.types == ["DoA", "DoB", "DoC"]


def test_a_skipped_step_counts_as_done() -> None:
    """Its dependents run, and read null and the word."""
    told = command("Tell", data={"out": "${steps.A.output}", "was": "${steps.A.status}"})
    steps = in_sequence(step("A", guard="input.wanted"), step("B", told))
    play = Play(workflow(*steps)).start({"wanted": False})
    assert play.types == ["Tell"]
    assert play.sent[0].data == {"out": None, "was": "skipped"}


def test_a_condition_that_fails_fails_its_step() -> None:
    """The instance says so, instead of dead-lettering the answer of the step before."""
    play = Play(workflow(step("A", guard="input.missing"))).start({})
    assert (play.status, play.step("A")) == ("faulted", "failed")


def test_the_members_of_a_group_are_steps_like_others() -> None:
    """A group is done when all of them are; its dependents wait for that."""
    inner = group("G", *in_sequence(step("A"), step("B")))
    play = Play(workflow(*in_sequence(inner, step("C")))).start()
    assert play.types == ["DoA"]
    play.answer("A", "B")
    assert play.step("G") == "completed"
    play.answer("C")
    assert (play.types, play.status) == (["DoA", "DoB", "DoC"], "completed")


def test_a_skipped_group_skips_its_members() -> None:
    """None of them is opened, and the rest goes on."""
    inner = group("G", step("A"), step("B"), guard="false")
    play = Play(workflow(*in_sequence(inner, step("C")))).start()
    assert play.types == ["DoC"]
    assert (play.step("G"), play.step("A")) == ("skipped", "pending")


def test_groups_nest() -> None:
    """A group is a step of the group around it."""
    play = Play(workflow(group("G", group("H", step("A")), step("B")))).start()
    play.answer("A", "B")
    assert (play.step("H"), play.step("G"), play.status) == ("completed",) * 3


def test_continue_closes_the_step_and_goes_on() -> None:
    """Dependents read null, and that it failed."""
    told = command("Tell", data={"out": "${steps.A.output}", "was": "${steps.A.status}"})
    steps = in_sequence(step("A", on_failure="continue"), step("B", told))
    play = Play(workflow(*steps, then=(act("Done"),))).start()
    play.reply("DoA", "ADenied")
    assert play.types == ["DoA", "Tell", "Done"]
    assert play.command("Tell").data == {"out": None, "was": "failed"}
    assert play.status == "completed"


def test_stop_gives_up_what_is_open() -> None:
    """Nothing is sent any more, nothing is taken back, and somebody is told."""
    steps = (step("A", undo=True), step("B"), step("C"), step("D", after=["A"]))
    play = Play(workflow(*steps, on_failure="stop", otherwise=(act("Failed"),))).start()
    play.answer("A")
    play.reply("DoB", "BDenied")
    assert play.types == ["DoA", "DoB", "DoC", "DoD", "Failed"]
    assert (play.status, play.step("C"), play.step("D")) == ("faulted", "cancelled", "cancelled")


@pytest.mark.parametrize(
    ("own", "of_group", "of_workflow", "expected"),
    [
        (None, None, "continue", "completed"),
        (None, "continue", "stop", "completed"),
        ("continue", "stop", "stop", "completed"),
        (None, "stop", "continue", "faulted"),
        ("stop", "continue", "continue", "faulted"),
    ],
)
def test_the_innermost_word_decides_about_a_failure(
    own: str | None, of_group: str | None, of_workflow: str, expected: str
) -> None:
    """The step's own, else its group's, else the workflow's."""
    inner = group("G", step("A", on_failure=own), on_failure=of_group)
    play = Play(workflow(inner, on_failure=of_workflow)).start()
    play.reply("DoA", "ADenied")
    assert play.status == expected


def test_a_wait_lasts_as_long_as_it_says() -> None:
    """Nothing is sent for it, and nothing before its end."""
    play = Play(workflow(*in_sequence(step("A", wait(60)), step("B")))).start()
    assert (play.types, play.status) == ([], "waiting")
    play.advance(59)
    assert play.types == []
    play.advance(1)
    assert play.types == ["DoB"]


def test_a_wait_until_a_moment_that_has_passed_is_over() -> None:
    """It waits until then, not until the same moment next year."""
    steps = in_sequence(step("A", wait(until="input.until")), step("B"))
    play = Play(workflow(*steps)).start({"until": "2020-01-01T00:00:00Z"})
    assert play.types == ["DoB"]


@pytest.mark.parametrize("until", ["soon", "2030-01-01T00:00:00", 7])
def test_a_moment_that_is_none_fails_the_wait(until: object) -> None:
    """Better than to wait for ever."""
    play = Play(workflow(step("A", wait(until="input.until")))).start({"until": until})
    assert play.status == "faulted"


def test_then_that_cannot_be_sent_is_an_incident() -> None:
    """Everything was done: only a person knows what to do about the message."""
    play = Play(workflow(step("A"), then=(act("Done", {"x": "${input.missing}"}),))).start({})
    play.answer("A")
    assert play.status == "incident"
    assert "then" in play.state.incidents
    play.order("resolve")
    assert play.status == "faulted"


@pytest.mark.parametrize("on_failure", ["compensate", "stop"])
def test_what_is_done_is_not_taken_back_for_want_of_last_messages(on_failure: OnFailure) -> None:
    """Whoever has a permit keeps it, however long it takes to mend what announces it."""
    steps = step("A", undo=True)
    then = (act("Done", {"x": "${input.missing}"}),)
    play = Play(workflow(steps, then=then, timeout=60, on_failure=on_failure)).start({})
    play.answer("A")
    play.advance(1000)
    assert (play.types, list(play.state.incidents)) == (["DoA"], ["then"])
    assert (play.step("A"), play.dues) == ("completed", {})
    play.order("cancel")
    assert (play.types, play.status) == (["DoA", "UndoA"], "cancelled")


def test_the_guard_of_a_start_is_asked() -> None:
    """An event that it does not want starts nothing."""
    flow = workflow(step("A"), starts=(Start("Started", formula("data.big"), None),))
    with pytest.raises(AssertionError, match="not meant for it"):
        Play(flow).start({"big": False})
