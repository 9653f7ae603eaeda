"""What people decide and order: approvals, cancel, suspend, resume, retry, skip, resolve."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.decision import ignore
from orchestrator.errors import Refused, SchemaViolation
from tests.unit.core.workflow.build import (
    act,
    approval,
    command,
    each,
    in_sequence,
    retry,
    step,
    undo,
    wait,
    workflow,
)
from tests.unit.core.workflow.play import KEY, Play


def decided(play: Play, decision: str = "approved", **told: Any) -> None:
    """Let somebody decide about step A."""
    data = {"workflow": "flow", "step": "A", "decision": decision, "by": "ada", "role": "chief"}
    play.event("ApprovalGiven", data | told)


def test_a_person_is_asked() -> None:
    """The request says who is asked, about what, and until when."""
    asks = approval("chief", 3600, data={"fee": "${input.fee}"}, form_schema={"type": "object"})
    play = Play(workflow(step("A", asks))).start({"fee": 9, "secret": 1})
    assert play.types == ["ApprovalRequested"]
    assert play.sent[0].data == {
        "workflow": "flow",
        "key": KEY,
        "id": play.state.id,
        "step": "A",
        "role": "chief",
        "escalated": False,
        "data": {"fee": 9},
        "deadline": "2026-03-01T10:00:00+00:00",
        "form": {"type": "object"},
    }
    assert play.status == "waiting"


def test_an_approval_closes_the_step() -> None:
    """What was decided, by whom, is its output."""
    told = command("Tell", data="${steps.A.output}")
    play = Play(workflow(*in_sequence(step("A", approval("chief")), step("B", told)))).start()
    decided(play, comment="fine")
    assert play.command("Tell").data == {
        "decision": "approved",
        "by": "ada",
        "role": "chief",
        "comment": "fine",
        "data": None,
    }


def test_a_rejection_fails_the_step() -> None:
    """It is not tried again, whatever `retry` says."""
    asks = step("A", approval("chief"), retry=retry(5))
    play = Play(workflow(asks)).start()
    decided(play, "rejected", comment="too loud")
    reason = "rejected by ada: too loud"
    assert play.state.error == {"step": "A", "type": "rejected", "reason": reason}


def form(data: object) -> None:
    if data != {"conditions": "none"}:
        raise SchemaViolation("data.conditions is required")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"role": "clerk"}, "waits for the role chief"),
        ({"step": "B"}, "has no step B that a person decides"),
        ({"step": "nowhere"}, "has no step nowhere"),
        ({"data": {}}, r"data\.conditions is required"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(told: dict[str, Any], message: str) -> None:
    """The instance stays as it was, and the dead letter says why."""
    play = Play(workflow(step("A", approval("chief", form=form)), step("B"))).start()
    before = play.instance
    with pytest.raises(Refused, match=message):
        decided(play, **told)
    assert play.instance == before


def test_a_second_decision_is_refused() -> None:
    """Two people who decide differently must hear of it."""
    play = Play(workflow(step("A", approval("chief")), step("B"))).start()
    decided(play)
    with pytest.raises(Refused, match="is completed: there is nothing to decide"):
        decided(play, "rejected")


def test_after_the_deadline_the_next_role_is_asked() -> None:
    """It has as long again; then the step fails."""
    asks = approval("chief", 3600, escalate_to="mayor")
    play = Play(workflow(step("A", asks))).start()
    play.advance(3600)
    first, second = play.sent
    assert (second.data["role"], second.data["escalated"]) == ("mayor", True)  # type: ignore[index]  # a map
    assert first.id != second.id
    with pytest.raises(Refused, match="waits for the role mayor"):
        decided(play)
    play.advance(3600)
    assert play.state.error == {
        "step": "A",
        "type": "timeout",
        "reason": "nobody with the role mayor decided in time",
    }


def test_nobody_is_asked_about_what_is_given_up_at_the_same_moment() -> None:
    """The time of the workflow may be over with the deadline: the mayor would decide in vain."""
    asks = step("A", approval("chief", 60, escalate_to="mayor"))
    play = Play(workflow(asks, timeout=60)).start()
    play.advance(60)
    assert (play.types, play.status) == (["ApprovalRequested"], "faulted")


def test_the_next_role_may_approve() -> None:
    """That is what it is asked for."""
    play = Play(workflow(step("A", approval("chief", 60, escalate_to="mayor")))).start()
    play.advance(60)
    decided(play, role="mayor")
    assert play.status == "completed"


def test_cancelling_takes_back_what_was_done() -> None:
    """The instance ends as cancelled, and `otherwise` is sent."""
    steps = in_sequence(step("A", undo=True), step("B", undo=True))
    play = Play(workflow(*steps, otherwise=(act("Failed", "${instance.error}"),))).start()
    play.answer("A")
    play.order("cancel", by="ada", comment="withdrawn")
    assert play.status == "compensating"
    play.answer("B")
    assert play.types[2:] == ["UndoB", "UndoA", "Failed"]
    assert play.status == "cancelled"
    told = {"step": None, "type": "cancelled", "reason": "cancel by ada: withdrawn"}
    assert play.sent[-1].data == told


def test_a_suspended_instance_sends_nothing() -> None:
    """Answers are taken in, times pass, and it goes on from there when it is resumed."""
    steps = in_sequence(step("A", timeout=60, retry=retry(3)), step("B"))
    play = Play(workflow(*steps)).start()
    play.order("suspend")
    assert (play.status, play.dues) == ("suspended", {})
    play.answer("A")
    play.advance(500)
    assert (play.types, play.status) == (["DoA"], "suspended")
    play.order("resume")
    assert play.types == ["DoA", "DoB"]


def test_time_stands_still_while_it_is_suspended() -> None:
    """What is left of every time then is left when it resumes: a long repair fails nothing."""
    steps = (step("A", timeout=60, retry=retry(2, 5)), step("W", wait(30)))
    play = Play(workflow(*steps, timeout=200)).start()
    play.advance(20)
    play.order("suspend")
    play.advance(1000)
    play.order("resume")
    play.advance(9)
    assert (play.step("A"), play.step("W")) == ("running", "running")
    play.advance(1)
    assert (play.step("A"), play.step("W")) == ("running", "completed")
    play.advance(30)
    assert play.step("A") == "waiting"
    play.advance(5)
    assert play.types == ["DoA", "DoA"]
    assert (play.state.deadline or 0) - play.state.started == 1_200_000


def test_a_delay_that_begins_while_it_is_suspended_is_as_long_as_any() -> None:
    """It begins with the instance's own time, which stands still."""
    play = Play(workflow(step("A", retry=retry(2, 5)))).start()
    play.order("suspend")
    play.advance(100)
    play.command_failed("DoA")
    play.advance(100)
    play.order("resume")
    play.advance(4)
    assert play.types == ["DoA"]
    play.advance(1)
    assert play.types == ["DoA", "DoA"]


def test_a_date_comes_when_it_comes() -> None:
    """Nobody can suspend the calendar."""
    play = Play(workflow(step("W", wait(until="now + duration('60s')")), step("A"))).start()
    play.order("suspend")
    play.advance(100)
    play.order("resume")
    play.advance(0)
    assert play.step("W") == "completed"


@pytest.mark.parametrize("how", ["cancel", "restart"])
def test_time_goes_on_where_it_is_taken_back(how: str) -> None:
    """A command in flight still has what was left of its time to be answered."""
    play = Play(workflow(step("A", timeout=60), on_duplicate="restart")).start()
    play.order("suspend")
    play.advance(100)
    if how == "cancel":
        play.order("cancel")
    else:
        play.event("Started", {})
    play.advance(59)
    assert play.step("A") == "running"
    play.advance(1)
    assert play.status == "cancelled"


def test_items_have_their_time_after_a_suspension() -> None:
    """Their timers must neither act nor be lost, in whichever piece they are."""
    work = command("Do", "Done", data="${item}")
    items = step("A", work, for_each=each("range(70)", 70), timeout=10, retry=retry(3, 1))
    play = Play(workflow(items)).start()
    play.advance(4)
    play.order("suspend")
    play.advance(100)
    assert len(play.sent) == 70
    play.order("resume")
    play.advance(5)
    assert len(play.sent) == 70
    play.advance(2)
    assert len(play.sent) == 140


def test_a_failure_while_suspended_has_its_consequences_later() -> None:
    """Nothing is taken back, given up or sent before somebody resumes it."""
    steps = (step("A", undo=True), step("B"), step("C", wait(60)))
    play = Play(workflow(*steps)).start()
    play.answer("A")
    play.order("suspend")
    play.reply("DoB", "BDenied")
    assert (play.types, play.step("C"), play.status) == (["DoA", "DoB"], "running", "suspended")
    play.order("resume")
    assert (play.types[2:], play.status) == (["UndoA"], "faulted")


def test_a_command_may_be_sent_again_by_a_person() -> None:
    """It counts as a first attempt, under an id of its own."""
    play = Play(workflow(step("A", timeout=60, retry=retry(2)))).start()
    play.advance(70)
    play.order("retry", step="A")
    assert [one.id[24:] for one in play.sent] == [".A.1", ".A.2", ".A.3"]
    play.advance(60)
    assert play.step("A") == "waiting"


def test_an_open_step_may_be_skipped() -> None:
    """Its output is null, and its dependents run; so may one that is to come."""
    play = Play(workflow(*in_sequence(step("A"), step("B"), step("C")))).start()
    play.order("skip", step="B")
    play.order("skip", step="A")
    assert play.types == ["DoA", "DoC"]
    assert (play.step("A"), play.step("B")) == ("skipped", "skipped")


@pytest.mark.parametrize(
    ("order", "told", "message"),
    [
        ("resume", {}, "is not suspended"),
        ("resolve", {}, "has no incident"),
        ("retry", {}, "needs the name of a step"),
        ("retry", {"step": "Z"}, "has no step Z"),
        ("retry", {"step": "B"}, "step B of workflow flow for case-7 is not open"),
        ("retry", {"step": "W"}, "sends nothing that could be sent again"),
        ("retry", {"step": "A[0]"}, r"step A\[0\] of workflow flow for case-7 is not open"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(
    order: str, told: dict[str, str], message: str
) -> None:
    """The instance stays as it was, and the text says why."""
    play = Play(workflow(step("A"), step("W", wait(60)), step("B", after=["A"]))).start()
    before = play.instance
    with pytest.raises(Refused, match=message):
        play.order(order, **told)
    assert play.instance == before


def test_orders_need_an_open_instance() -> None:
    """Silence would look like success."""
    with pytest.raises(Refused, match="workflow flow has no open instance for case-7"):
        Play(workflow(step("A"))).order("cancel")


def test_what_is_being_taken_back_cannot_be_cancelled() -> None:
    """It is on its way out already."""
    play = Play(workflow(step("A"), step("B", undo=undo("U")))).start()
    play.order("cancel")
    with pytest.raises(Refused, match="is compensating already"):
        play.order("cancel")


def test_a_failure_while_suspended_is_not_cancelled_but_resumed() -> None:
    """It is on its way out, and stands still there: the text says what lets it go on."""
    play = Play(workflow(step("A"))).start()
    play.order("suspend")
    play.reply("DoA", "ADenied")
    with pytest.raises(Refused, match="is compensating already, and suspended: resume it"):
        play.order("cancel")


def test_a_decision_may_leave_out_the_workflow() -> None:
    """Then it is about whichever has such a step; the others with the key take no notice."""
    play = Play(workflow(step("A", approval("chief")))).start()
    told = {"decision": "approved", "by": "ada", "role": "chief"}
    assert play.event("ApprovalGiven", {"step": "Elsewhere", **told}) == ignore()
    play.event("ApprovalGiven", {"step": "A", **told})
    assert play.status == "completed"


def test_a_decision_may_name_the_instance() -> None:
    """The answer to a request of an earlier instance under the key decides nothing of this one."""
    play = Play(workflow(step("A", approval("chief")))).start()
    earlier = f"{play.state.id[:8]}{'0' * 16}"
    with pytest.raises(Refused, match=r"about an instance of workflow flow for .* that has ended"):
        decided(play, id=earlier)
    told = {"step": "A", "decision": "approved", "by": "ada", "role": "chief"}
    with pytest.raises(Refused, match="that has ended"):
        play.event("ApprovalGiven", told | {"id": earlier})
    assert play.event("ApprovalGiven", told | {"id": "0" * 24}) == ignore(), "another workflow's"
    play.event("ApprovalGiven", told | {"id": play.state.id})
    assert play.status == "completed"


def test_a_decision_needs_an_open_instance() -> None:
    """Silence would look like success."""
    with pytest.raises(Refused, match="workflow flow has no open instance for case-7"):
        decided(Play(workflow(step("A", approval("chief")))))
