"""Which step an event answers: in time, late, twice, too early, or meant for somebody else."""

from __future__ import annotations

import pytest

from orchestrator.errors import Refused
from tests.unit.core.workflow.build import awaited, command, in_sequence, step, workflow
from tests.unit.core.workflow.play import KEY, Play

THREE = in_sequence(step("A"), step("B"), step("C"))


def test_a_second_answer_changes_nothing() -> None:
    """Brokers deliver twice, and consumers publish twice."""
    play = Play(workflow(*THREE)).start()
    play.answer("A")
    before = play.instance
    play.reply("DoA", "ADone", {"fee": 2})
    assert play.instance == before
    assert play.last is not None
    assert not play.last.writes


@pytest.mark.parametrize("event", ["ADone", "BDone"])
def test_an_answer_after_the_end_is_ignored(event: str) -> None:
    """It is about something that is over."""
    play = Play(workflow(step("A"), step("B"))).start()
    play.answer("A", "B")
    before = play.instance
    play.event(event)
    assert play.instance == before


def test_an_answer_to_an_earlier_instance_of_the_key_is_ignored() -> None:
    """The same case may be opened again; old replies must not speed it up."""
    play = Play(workflow(*THREE)).start()
    old = play.command("DoA")
    play.answer("A", "B", "C")
    play.start()
    play.reply(old, "ADone")
    assert play.step("A") == "running"


def test_an_answer_that_names_nothing_goes_to_the_only_step_that_awaits_it() -> None:
    """A ten-line consumer does not set a causation id."""
    play = Play(workflow(*THREE)).start()
    play.event("ADone", {"fee": 1})
    assert play.step("A") == "completed"


def test_an_answer_that_fits_two_open_steps_is_refused() -> None:
    """Guessing would be wrong half of the time; the dead letter says which steps."""
    both = (step("A", command("Do1", "Done")), step("B", command("Do2", "Done")))
    play = Play(workflow(*both)).start()
    with pytest.raises(Refused, match="may answer A, B of workflow flow"):
        play.event("Done")


def test_an_answer_that_comes_too_early_is_kept() -> None:
    """Order of arrival must not matter."""
    play = Play(workflow(*THREE)).start()
    play.event("CDone", {"fee": 9})
    assert play.types == ["DoA"]
    play.answer("A", "B")
    assert play.status == "completed"
    assert play.state.tasks["C"].output == {"fee": 9}


def test_what_came_early_and_cannot_be_judged_fails_no_step() -> None:
    """It may be meant for somebody else: the step waits for its own answer."""
    wanted = command("Do", "Done", accepts="data.for == 'us'")
    play = Play(workflow(*in_sequence(step("A"), step("B", wanted)))).start()
    play.event("Done", {"fee": 1})
    play.event("Done", {"for": "them"})
    play.answer("A")
    assert play.step("B") == "running"
    play.reply("Do", "Done", {"for": "us"})
    assert play.status == "completed"


def test_what_came_early_does_not_answer_what_could_not_be_sent() -> None:
    """Nothing was asked for, so there is nothing to take back."""
    fails = command("Do", "Done", data="${input.missing}")
    play = Play(workflow(*in_sequence(step("A"), step("B", fails, undo=True)))).start({})
    play.event("Done")
    play.answer("A")
    assert (play.types, play.step("B"), play.status) == (["DoA"], "failed", "faulted")


def test_too_many_early_answers_are_refused() -> None:
    """What is remembered has a limit, and says so."""
    play = Play(workflow(*THREE)).start()
    for _ in range(20):
        play.event("CDone")
    with pytest.raises(Refused, match="20 events of this type wait already"):
        play.event("CDone")


def test_an_answer_must_be_accepted() -> None:
    """A guard on answers tells those that are meant from others of the type."""
    wanted = command("Do", "Done", accepts="data.for == instance.key")
    play = Play(workflow(step("A", wanted))).start()
    play.reply("Do", "Done", {"for": "somebody"})
    assert play.status == "running"
    play.reply("Do", "Done", {"for": KEY})
    assert play.status == "completed"


def test_a_refusal_that_names_the_command_needs_no_condition_to_hold() -> None:
    """What is asked of the data of an answer cannot be asked of a refusal, which has none of it."""
    wanted = command("Do", "Done", accepts="data.for == instance.key", fail_on=("Denied",))
    play = Play(workflow(step("A", wanted))).start()
    with pytest.raises(Refused, match="for is missing"):
        play.event("Denied", {"reason": "no"})
    play.reply("Do", "Denied", {"reason": "no"})
    assert (play.status, play.state.error) == (
        "faulted",
        {"step": "A", "type": "refused", "reason": "Denied: no"},
    )


def test_events_that_come_early_and_do_not_fit_in_are_refused() -> None:
    """Nothing waits for them yet: whoever brings back the dead letters tries again."""
    play = Play(workflow(*in_sequence(step("A"), step("B", awaited("BDone"))))).start()
    with pytest.raises(Refused, match="claim check"):
        play.event("BDone", "x" * 2**20)
