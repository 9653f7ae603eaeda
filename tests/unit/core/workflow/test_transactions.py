"""Transactions: all participants commit, or all that prepared abort, whatever else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.core.workflow.build import (
    act,
    group,
    in_sequence,
    retry,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step


def atomic(within: float | None = 60, **parts: Any) -> Step:
    """Return what the reader makes of ``transaction:`` with two participants."""
    prepares = [step(f"P{n}", timeout=within, undo=undo(f"Abort{n}")) for n in "12"]
    commits = [step(f"C{n}", timeout=60, retry=retry(None), patient=True) for n in "12"]
    inner = in_sequence(group("T_prepare", *prepares), group("T_commit", *commits))
    return group("T", *inner, atomic=True, **parts)


def transaction() -> tuple[Step, ...]:
    """Return a transaction and a step after it."""
    return in_sequence(atomic(), step("Z"))


def test_a_transaction_commits_when_all_are_prepared() -> None:
    """Not earlier, and both then."""
    play = Play(workflow(*transaction())).start()
    play.answer("P1")
    assert play.types == ["DoP1", "DoP2"]
    play.answer("P2")
    assert play.types[2:] == ["DoC1", "DoC2"]


def test_a_transaction_aborts_what_was_prepared() -> None:
    """A refusal of one takes back the others, and one whose answer is missing."""
    play = Play(workflow(*transaction())).start()
    play.answer("P1")
    play.advance(60)
    assert sorted(play.types[2:]) == ["Abort1", "Abort2"]
    assert play.status == "faulted"


def test_a_participant_that_does_not_answer_keeps_no_other_from_aborting() -> None:
    """Who prepared keeps something back for it; steps before it wait until all have aborted."""
    aborts = {n: undo(f"Abort{n}", "Gone", timeout=60, retry=retry(None)) for n in "12"}
    prepares = [step(f"P{n}", timeout=60, undo=aborts[n]) for n in "12"]
    whole = group("T", group("T_prepare", *prepares), atomic=True)
    play = Play(workflow(*in_sequence(step("A", undo=True), whole))).start()
    play.answer("A", "P1")
    play.advance(60)
    assert play.types[3:] == ["Abort2", "Abort1"]
    play.reply("Abort1", "Gone")
    assert (play.types[5:], play.step("T")) == ([], "compensating")
    play.advance(70)
    play.reply("Abort2", "Gone")
    assert (play.types[5:], play.status) == (["Abort2", "UndoA"], "faulted")


@pytest.mark.parametrize("word", ["continue", "stop", "compensate"])
def test_a_refusal_never_lets_a_transaction_commit(word: str) -> None:
    """What the workflow says about failures is about the transaction as a whole."""
    flow = workflow(*in_sequence(atomic(), step("Z")), on_failure=word)
    play = Play(flow).start()
    play.reply("DoP1", "P1Denied")
    play.answer("P2")
    assert play.types[2:3] == ["Abort2"]
    assert (play.step("T"), "DoC1" in play.types) == ("failed", False)
    assert play.types[3:] == (["DoZ"] if word == "continue" else [])


def test_a_transaction_may_have_a_word_of_its_own() -> None:
    """Then the workflow goes on without it."""
    play = Play(workflow(*in_sequence(atomic(on_failure="continue"), step("Z")))).start()
    play.reply("DoP1", "P1Denied")
    play.answer("P2")
    assert play.types[2:] == ["Abort2", "DoZ"]


def test_a_transaction_that_is_done_stays_done() -> None:
    """What everybody agreed on is final, whatever fails later."""
    play = Play(workflow(*transaction())).start()
    play.answer("P1", "P2", "C1", "C2")
    play.reply("DoZ", "ZDenied")
    assert (play.types[4:], play.status) == (["DoZ"], "faulted")


def test_a_commit_is_tried_without_end_and_fails_only_by_a_person() -> None:
    """Half a transaction is worse than a late one."""
    play = Play(workflow(*transaction())).start()
    play.answer("P1", "P2", "C1")
    play.advance(700)
    assert play.types.count("DoC2") == 11
    play.reply("DoC2", "C2Denied")
    assert (play.status, play.state.incidents) == ("incident", {"C2": "C2Denied"})
    play.order("skip", step="C2")
    assert play.types[-1] == "DoZ"


def test_a_workflow_that_fails_elsewhere_aborts_a_transaction_that_prepares() -> None:
    """No commit may open any more."""
    play = Play(workflow(atomic(), step("X"))).start()
    play.answer("P1")
    play.reply("DoX", "XDenied")
    play.answer("P2")
    assert play.types[3:] == ["Abort2", "Abort1"]
    assert (play.status, play.step("T")) == ("faulted", "cancelled")


def test_a_transaction_that_commits_is_not_too_late() -> None:
    """Its time is for the prepares; half of the commits may be done."""
    late, in_time = (Play(workflow(atomic(timeout=50))).start() for _ in range(2))
    late.answer("P1")
    late.advance(50)
    late.answer("P2")
    assert (late.types[2:], late.status) == (["Abort2", "Abort1"], "faulted")
    in_time.answer("P1", "P2")
    in_time.advance(50)
    in_time.answer("C1", "C2")
    assert (in_time.types[2:], in_time.status) == (["DoC1", "DoC2"], "completed")


def stopping(*beside: Step) -> Play:
    """A transaction of which one is prepared, and a step beside it that stops the workflow."""
    steps = (atomic(), step("X"), *beside)
    play = Play(workflow(*steps, on_failure="stop", otherwise=(act("Failed"),))).start()
    play.answer("P1")
    return play


def test_a_stop_elsewhere_aborts_what_was_prepared() -> None:
    """Nothing is taken back by a stop, but nobody may be left to wait for a word."""
    play = stopping(step("W", undo=True))
    play.answer("W")
    play.reply("DoX", "XDenied")
    assert (play.types[4:], play.status) == ([], "compensating")
    play.answer("P2")
    assert play.types[4:] == ["Abort2", "Abort1", "Failed"]
    assert (play.status, play.state.error and play.state.error["step"]) == ("faulted", "X")


def test_a_stop_elsewhere_lets_a_transaction_commit_that_has_begun_to() -> None:
    """Half of the participants may have committed."""
    play = stopping()
    play.answer("P2", "C1")
    play.reply("DoX", "XDenied")
    play.advance(70)
    assert (play.types[3:], play.status) == (["DoC1", "DoC2", "DoC2"], "compensating")
    play.answer("C2")
    assert (play.types[6:], play.status) == (["Failed"], "faulted")


def test_a_stop_is_at_once_where_no_transaction_is_half_done() -> None:
    """One that is done is final, and one that has not begun never will."""
    first, second = atomic(), group("U", step("V", undo=True), atomic=True, after=["Z"])
    play = Play(workflow(first, step("X"), step("Z"), second, on_failure="stop")).start()
    play.answer("P1", "P2", "C1", "C2")
    play.reply("DoX", "XDenied")
    assert (play.types[4:], play.status) == (["DoC1", "DoC2"], "faulted")


def test_a_stop_gives_up_everything_else_at_once() -> None:
    """While the transaction comes to its end nothing is tried again, and nothing opens."""
    play = stopping(step("R", retry=retry(2, delay=10)), step("S", after=("R",)))
    play.command_failed("DoR")
    play.reply("DoX", "XDenied")
    assert (play.step("R"), play.step("S")) == ("cancelled", "pending")
    play.advance(60)
    assert play.types[4:] == ["Abort2", "Abort1", "Failed"]


def test_a_deadline_that_stops_waits_for_no_answer_to_a_prepare() -> None:
    """One that has no time of its own would be waited for without end."""
    play = Play(workflow(atomic(None), timeout=20, on_failure="stop")).start()
    play.answer("P1")
    play.advance(20)
    assert (play.types[2:], play.status) == (["Abort2", "Abort1"], "faulted")


def test_a_deadline_gives_up_no_commit_that_is_on_its_way() -> None:
    """It may have been carried out: its answer is waited for, however late it comes."""
    inner = in_sequence(step("P", undo=True), step("C", patient=True))
    play = Play(workflow(group("T", *inner, atomic=True), timeout=20)).start()
    play.answer("P")
    play.advance(20)
    assert (play.step("C"), play.status) == ("running", "compensating")
    play.answer("C")
    assert (play.types, play.status) == (["DoP", "DoC"], "faulted")
