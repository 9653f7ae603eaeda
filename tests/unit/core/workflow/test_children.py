"""Workflows as steps of workflows: how they are begun, answered and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.decision import ignore
from orchestrator.errors import SchemaViolation
from tests.unit.core.workflow.build import (
    act,
    command,
    each,
    group,
    in_sequence,
    retry,
    run,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.play import KEY, Play

PARENT = {"workflow": "parent", "key": "p-1"}


def child_of_parent(play: Play, **told: Any) -> None:
    """Begin the played workflow as a step of another."""
    data = {"workflow": "flow", "input": {"fee": 3}, "parent": PARENT, "depth": 1, **told}
    play.event("StartWorkflow", data, id="cmd.A.1")


def test_a_workflow_is_begun_by_a_command() -> None:
    """It has a key of its own below ours; the command's id is what it answers to."""
    play = Play(workflow(step("A", run("child", {"fee": "${input.fee}"})))).start({"fee": 3})
    sent = play.command("StartWorkflow")
    assert (sent.id, sent.correlation_id) == (f"{play.state.id}.A.1", f"{KEY}/flow.A")
    assert sent.data == {
        "workflow": "child",
        "parent": {"workflow": "flow", "key": KEY},
        "input": {"fee": 3},
        "depth": 1,
    }


def test_its_output_is_the_steps_output() -> None:
    """It answers like any command."""
    told = command("Tell", data="${steps.A.output}")
    play = Play(workflow(*in_sequence(step("A", run("child")), step("B", told)))).start()
    data = {"workflow": "child", "status": "completed", "output": {"B": 7}}
    play.reply("StartWorkflow", "instance.completed", data)
    assert play.command("Tell").data == {"B": 7}


@pytest.mark.parametrize("status", ["faulted", "cancelled"])
def test_its_failure_is_the_steps_failure(status: str) -> None:
    """It has taken back its own: a retry or a compensation of it is not called for."""
    play = Play(workflow(step("A", run("child"), retry=retry(3)))).start()
    error = {"step": "X", "type": "refused", "reason": "no"}
    data = {"workflow": "child", "status": status, "error": error}
    play.reply("StartWorkflow", f"instance.{status}", data)
    assert play.types == ["StartWorkflow"]
    assert play.state.error == {"step": "A", "type": status, "reason": f"child {status}: no"}


def test_a_child_answers_to_its_parent() -> None:
    """Under the parent's key, naming the command, with the outputs of its steps."""
    play = Play(workflow(step("A"), then=(act("Done"),)))
    child_of_parent(play)
    assert play.state.input == {"fee": 3}
    play.answer("A", data={"permit": 7})
    sent = play.sent[-1]
    assert (sent.type, sent.correlation_id, sent.causation_id) == (
        "instance.completed",
        "p-1",
        "e-1",
    )
    assert sent.data == {
        "workflow": "flow",
        "key": KEY,
        "id": play.state.id,
        "status": "completed",
        "output": {"A": {"permit": 7}},
    }


def test_a_child_gives_what_the_members_of_its_groups_gave() -> None:
    """However deep they are: names are unique in a workflow. A group has no output."""
    inner = group("inner", step("A"), step("B"))
    play = Play(workflow(group("outer", inner), step("C")))
    child_of_parent(play)
    for name in "ABC":
        play.answer(name, data={"of": name})
    assert play.sent[-1].data["output"] == {  # type: ignore[index]  # a map
        "outer": None,
        "inner": None,
        "A": {"of": "A"},
        "B": {"of": "B"},
        "C": {"of": "C"},
    }


def test_a_child_that_cannot_begin_says_why() -> None:
    """A dead letter would be news to everybody but the parent, which would wait in vain."""

    def accepts(data: object) -> None:
        raise SchemaViolation(f"data.fee of {type(data).__name__} is required")

    play = Play(workflow(step("A"), accepts=accepts))
    child_of_parent(play)
    (sent,) = play.sent
    assert (play.instance, sent.type, sent.correlation_id) == (None, "instance.faulted", "p-1")
    assert (sent.causation_id, sent.data["error"]) == (  # type: ignore[index]  # a map
        "e-1",
        {"step": None, "type": "schema-violation", "reason": "data.fee of dict is required"},
    )


@pytest.mark.parametrize("on_duplicate", ["ignore", "reject"])
def test_a_child_of_another_instance_is_not_waited_for(on_duplicate: str) -> None:
    """It will never answer: the parent hears at once that the key is taken."""
    play = Play(workflow(step("A"), on_duplicate=on_duplicate)).start()
    child_of_parent(play)
    sent = play.sent[-1]
    assert (sent.type, sent.correlation_id, sent.causation_id) == ("instance.faulted", "p-1", "e-2")
    assert sent.data["error"] == {  # type: ignore[index]  # a map
        "step": None,
        "type": "refused",
        "reason": f"workflow flow is open for {KEY} already",
    }
    assert play.status == "running"


@pytest.mark.parametrize("on_duplicate", ["ignore", "reject", "restart"])
def test_another_attempt_of_its_parent_leaves_a_child_alone(on_duplicate: str) -> None:
    """It answers whichever attempt it began with; cancelled, it would fail what was tried again."""
    play = Play(workflow(step("A"), on_duplicate=on_duplicate))
    parent = {**PARENT, "command": "f00.A.1"}
    child_of_parent(play, parent=parent)
    data = {"workflow": "flow", "input": {}, "parent": {**PARENT, "command": "f00.A.2"}, "depth": 1}
    assert play.event("StartWorkflow", data) == ignore()


def test_a_child_that_faults_says_why() -> None:
    """The parent's error can then name the reason."""
    play = Play(workflow(step("A")))
    child_of_parent(play)
    play.reply("DoA", "ADenied")
    sent = play.sent[-1]
    assert (sent.type, sent.correlation_id) == ("instance.faulted", "p-1")
    assert sent.data["error"] == {"step": "A", "type": "refused", "reason": "ADenied"}  # type: ignore[index]  # a map


def test_what_a_child_did_is_taken_back_by_a_command() -> None:
    """The child knows how; the parent waits until it has."""
    steps = in_sequence(step("X", undo=True), step("A", run("child")), step("B"))
    play = Play(workflow(*steps)).start()
    play.answer("X")
    play.reply("StartWorkflow", "instance.completed", {"workflow": "child", "output": {}})
    play.reply("DoB", "BDenied")
    sent = play.command("CompensateWorkflow")
    assert (sent.id, sent.correlation_id) == (f"{play.state.id}.A~.1", f"{KEY}/flow.A")
    assert sent.data == {"workflow": "child", "parent": {"workflow": "flow", "key": KEY}}
    assert play.status == "compensating"
    play.reply(sent, "instance.compensated", {"workflow": "child", "status": "cancelled"})
    assert (play.types[-1], play.status) == ("UndoX", "faulted")


def test_a_child_that_ended_takes_back_what_it_did() -> None:
    """It comes back from what is kept of it, items and all."""
    work = command("Do", "Done", data="${item}")
    items = step("I", work, for_each=each("[1, 2]"), undo=undo("UndoI"))
    play = Play(workflow(*in_sequence(step("A", undo=True), items)))
    child_of_parent(play)
    play.answer("A")
    for sent in [one for one in play.sent if one.type == "Do"]:
        play.reply(sent, "Done", {"n": sent.data})
    assert play.status == "completed"
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": PARENT})
    assert [one.type for one in play.sent[-4:]] == [
        "UndoI",
        "UndoI",
        "UndoA",
        "instance.compensated",
    ]
    assert (play.sent[-1].correlation_id, play.sent[-1].causation_id) == ("p-1", "e-5")
    assert play.status == "cancelled"


def test_a_child_that_ended_takes_back_all_of_many_items() -> None:
    """Those whose turn comes later are not lost with what was kept of its end."""
    items = step("I", command("Do", "Done"), for_each=each("range(40)"), undo=undo("UndoI", "Gone"))
    play = Play(workflow(items))
    child_of_parent(play)
    for sent in play.sent:  # which grows with every answer
        if sent.type == "Do":
            play.reply(sent, "Done")
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": PARENT})
    for sent in play.sent:
        if sent.type == "UndoI":
            play.reply(sent, "Gone")
    assert (play.types.count("UndoI"), play.status) == (40, "cancelled")


def test_a_child_that_is_open_takes_back_what_it_did_so_far() -> None:
    """Its parent did not wait for it any longer."""
    play = Play(workflow(*in_sequence(step("A", undo=True), step("B"))))
    child_of_parent(play)
    play.answer("A")
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": PARENT})
    play.answer("B")
    assert play.types[-2:] == ["UndoA", "instance.compensated"]


def test_a_child_that_took_everything_back_says_so_at_once() -> None:
    """There is nothing left to do."""
    play = Play(workflow(step("A")))
    child_of_parent(play)
    play.reply("DoA", "ADenied")
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": PARENT})
    assert (play.types[-1], play.status) == ("instance.compensated", "faulted")


def test_a_child_that_nobody_remembers_cannot_be_taken_back() -> None:
    """The parent hears of it, and becomes an incident instead of waiting for ever."""
    play = Play(workflow(step("A")))
    play.event("CompensateWorkflow", {"workflow": "flow", "parent": PARENT})
    assert (play.types, play.status) == ([], "compensating"), "its start may be on its way"
    play.advance(60)
    assert (play.types, play.sent[0].correlation_id) == (["instance.faulted"], "p-1")
    parent = Play(workflow(*in_sequence(step("A", run("child")), step("B")))).start()
    parent.reply("StartWorkflow", "instance.completed", {"workflow": "child", "output": {}})
    parent.reply("DoB", "BDenied")
    parent.reply("CompensateWorkflow", "instance.faulted", play.sent[0].data)
    assert parent.status == "incident"


def test_a_child_that_is_recalled_first_never_begins() -> None:
    """Every start of it that was on its way is caught, and every recall is answered."""
    play = Play(workflow(step("A")))
    recall = {"workflow": "flow", "parent": PARENT}
    play.event("CompensateWorkflow", recall)
    for _ in range(2):
        child_of_parent(play)
    play.event("CompensateWorkflow", recall)
    assert play.types == ["instance.compensated"] * 3
    play.advance(60)
    assert (play.types[3:], play.status) == ([], "cancelled")


def test_workflows_cannot_nest_without_end() -> None:
    """A workflow that runs itself ends with a reason."""
    play = Play(workflow(step("A", run("flow"))))
    child_of_parent(play, depth=16)
    assert play.types == ["instance.faulted"]
    assert "16 deep" in str(play.state.error)


def test_a_workflow_may_be_started_by_command_without_a_parent() -> None:
    """That is what starting over HTTP does."""
    play = Play(workflow(step("A"), starts=()))
    play.event("StartWorkflow", {"workflow": "flow", "input": {"x": 1}})
    assert play.command("DoA").data == {"x": 1}
    play.answer("A")
    assert (play.types, play.status) == (["DoA"], "completed")


@pytest.mark.parametrize("answer", ["instance.compensated", "instance.completed"])
def test_a_child_in_flight_is_told_to_take_itself_back(answer: str) -> None:
    """It may end before it hears of that; then what it did is taken back all the same."""
    play = Play(workflow(step("A", run("child")))).start()
    begun = play.sent[-1]
    play.order("cancel")
    recalled = play.sent[-1]
    assert (recalled.type, recalled.correlation_id) == ("CompensateWorkflow", f"{KEY}/flow.A")
    assert recalled.id.endswith(".A.2")
    if answer == "instance.completed":
        play.reply(begun, answer, {"workflow": "child", "status": "completed"})
        assert play.sent[-1].id.endswith(".A~.1")
        play.reply(play.sent[-1], "instance.compensated", {"workflow": "child"})
    else:
        play.reply(recalled, answer, {"workflow": "child", "status": "cancelled"})
    assert play.status == "cancelled"


def test_a_child_in_flight_is_told_so_once() -> None:
    """Whatever comes while its answer is waited for."""
    play = Play(workflow(step("A", run("child")), step("B"), step("C"))).start()
    play.reply("DoB", "BDenied")
    play.answer("C")
    assert play.types.count("CompensateWorkflow") == 1


def test_items_in_flight_are_told_to_take_themselves_back() -> None:
    """Each of them, and once."""
    items = step("A", run("child", "${item}"), for_each=each("input.items", 2))
    play = Play(workflow(items)).start({"items": [1, 2, 3]})
    play.order("cancel")
    told = [one for one in play.sent if one.type == "CompensateWorkflow"]
    assert [one.id[24:] for one in told] == [".A[0].2", ".A[1].2"]
    for one in told:
        play.reply(one, "instance.compensated", {"workflow": "child", "status": "cancelled"})
    assert (play.status, len(play.sent)) == ("cancelled", 4)


@pytest.mark.parametrize("how", ["stop", "resolve", "skip"])
def test_a_child_that_nobody_waits_for_takes_itself_back(how: str) -> None:
    """It would work on for a parent that is gone; its answer finds nobody, and is ignored."""
    last = step("B", patient=how == "resolve", on_failure="stop" if how == "stop" else None)
    play = Play(workflow(step("A", run("child")), last)).start()
    if how == "skip":
        play.order("skip", step="A")
    else:
        play.reply("DoB", "BDenied")
    if how == "resolve":
        play.order("resolve")
    sent = play.command("CompensateWorkflow")
    assert (sent.correlation_id, play.types.count("CompensateWorkflow")) == (f"{KEY}/flow.A", 1)
    made = play.reply(sent, "instance.compensated", {"workflow": "child", "status": "cancelled"})
    assert not made.outgoing


def test_children_of_a_list_take_themselves_back_where_it_stops() -> None:
    """Those in flight; who has answered goes by the word of the step, which is to leave it."""
    steps = (step("A", run("child"), for_each=each("range(40)", 39)), step("B", on_failure="stop"))
    play = Play(workflow(*steps)).start()
    begun = [one for one in play.sent if one.type == "StartWorkflow"]
    play.reply(begun[0], "instance.completed", {"workflow": "child", "output": {}})
    play.reply("DoB", "BDenied")
    keys = [one.correlation_id for one in play.sent if one.type == "CompensateWorkflow"]
    assert keys == [f"{KEY}/flow.A[{index}]" for index in range(1, 40)]
    assert play.status == "faulted"
