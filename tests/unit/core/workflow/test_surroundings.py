"""What goes beyond steps: news of an instance, second starts, keys, and who lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from orchestrator.core.decision import ignore
from orchestrator.core.directory import Live, Snapshot
from orchestrator.core.workflow.definition import Route, Start
from orchestrator.errors import ExpressionError, Refused, SchemaViolation
from tests.unit.core.workflow.build import (
    awaited,
    command,
    each,
    formula,
    in_sequence,
    step,
    workflow,
)
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.directory import Directory
    from orchestrator.core.scope import Scope


@dataclass(frozen=True)
class Living:
    """A directory of services that all can do the same."""

    services: tuple[Live, ...]

    def living(self, capability: str) -> Sequence[Live]:
        return self.services if capability == "pump" else ()

    def after(self, channel: str) -> Living:
        del channel
        return self


def news(play: Play) -> list[tuple[str, object]]:
    return [
        (one.type, one.data.get("step"))  # type: ignore[attr-defined]  # a map
        for one in play.sent
        if "." in one.type
    ]


def test_the_world_hears_of_every_step() -> None:
    """Dashboards follow these."""
    steps = in_sequence(step("A", undo=True), step("B", guard="false"), step("C"))
    play = Play(workflow(*steps, announce="steps")).start()
    play.answer("A")
    play.reply("DoC", "CDenied")
    assert news(play) == [
        ("instance.started", None),
        ("step.completed", "A"),
        ("step.skipped", "B"),
        ("step.failed", "C"),
        ("instance.faulted", None),
    ]
    assert play.sent[-1].data == {
        "workflow": "flow",
        "key": "case-7",
        "id": play.state.id,
        "status": "faulted",
        "error": {"step": "C", "type": "refused", "reason": "CDenied"},
        "compensated": ["A"],
    }
    assert len({one.id for one in play.sent}) == len(play.sent)


def test_the_world_hears_of_instances_only_by_default() -> None:
    """Every step would triple the traffic."""
    play = Play(workflow(step("A"), announce="instance")).start()
    play.order("suspend")
    play.order("resume")
    play.answer("A")
    assert [each for each, _ in news(play)] == [
        "instance.started",
        "instance.suspended",
        "instance.resumed",
        "instance.completed",
    ]


def test_a_second_start_is_ignored() -> None:
    """The instance is open: the event is about the same case."""
    play = Play(workflow(step("A"))).start()
    assert play.event("Started", {"again": True}) == ignore()


def test_a_second_start_may_be_refused() -> None:
    """Then somebody looks at it."""
    play = Play(workflow(step("A"), on_duplicate="reject")).start()
    with pytest.raises(Refused, match="is open for case-7 already"):
        play.start()


def test_a_second_start_may_replace_the_instance() -> None:
    """What it did is taken back first; the new one has an id of its own."""
    steps = in_sequence(step("A", undo=True), step("B"))
    play = Play(workflow(*steps, on_duplicate="restart")).start({"n": 1})
    play.answer("A")
    play.event("Started", {"n": 2})
    play.answer("B")
    assert play.types[2:] == ["UndoA", "StartWorkflow"]
    assert play.status == "cancelled"
    first, sent = play.state.id, play.sent[-1]
    assert (sent.data, sent.correlation_id) == ({"workflow": "flow", "input": {"n": 2}}, "case-7")
    play.event("StartWorkflow", sent.data, id=sent.id)
    assert (play.state.input, play.status) == ({"n": 2}, "running")
    assert play.state.id != first


def test_a_case_that_is_started_anew_time_and_again_is_no_loop() -> None:
    """What follows comes of the event that asked for it, not of the instance before."""
    play = Play(workflow(step("A"), on_duplicate="restart")).start()
    for asked, hops, trail in (("e-2", 0, ""), ("e-5", 0, ""), ("e-8", 7, "far -(off)-> Started")):
        play.event("Started", {"n": hops}, hops=hops, trail=trail)
        play.answer("A")
        again = play.sent[-1]
        assert (again.type, again.hops, again.causation_id) == ("StartWorkflow", hops + 1, asked)
        play.event("StartWorkflow", again.data, id=again.id, hops=again.hops, trail=again.trail)
    assert again.trail == "far -(off)-> Started, Started -(flow)-> StartWorkflow"


def test_input_that_is_not_as_asked_for_starts_nothing() -> None:
    """The dead letter says what is missing."""

    def accepts(data: object) -> None:
        if not data:
            raise SchemaViolation("data.fee is required")

    play = Play(workflow(step("A"), accepts=accepts))
    with pytest.raises(SchemaViolation, match=r"data\.fee"):
        play.start({})
    assert play.start({"fee": 1}).status == "running"


def test_the_key_may_be_computed() -> None:
    """Replies come home all the same: what is sent carries it."""
    starts = (Start("Started", None, formula("data.case")),)
    play = Play(workflow(step("A"), starts=starts))
    play.start({"case": "case-7"}, correlation_id="something else")
    assert play.command("DoA").correlation_id == "case-7"
    play.answer("A")
    assert play.status == "completed"


def test_a_key_that_is_none_starts_nothing() -> None:
    """Every instance without one would be the same."""
    play = Play(workflow(step("A"), starts=(Start("Started", None, formula("data.case")),)))
    with pytest.raises(ExpressionError, match="key"):
        play.start({"case": None})


def test_a_key_that_is_too_long_starts_nothing() -> None:
    """It is part of several names in the store."""
    with pytest.raises(ExpressionError, match="over the limit of 200"):
        Play(workflow(step("A"))).start(correlation_id="x" * 201)


def test_what_concerns_nobody_leaves_no_trace() -> None:
    """Services answer to others too: that must cost no marker."""
    play = Play(workflow(step("A")))
    assert play.event("ADone") == ignore()
    play.start()
    assert play.event("CommandFailed", causation_id=play.state.id + ".Z.1") == ignore()


@pytest.mark.parametrize("named", [f"{'0' * 24}.A.1", "{own}.Other.1"], ids=["another's", "own"])
def test_an_answer_belongs_to_the_command_that_it_names(named: str) -> None:
    """Two workflows of one key may ask for the same: one would go on with what the other got."""
    steps = in_sequence(step("Other", command("DoOther")), step("A"), step("B"))
    play = Play(workflow(*steps)).start()
    foreign = named.format(own=play.state.id)
    assert play.event("ADone", causation_id=foreign) == ignore()
    assert play.event("BDone", causation_id=foreign) == ignore()  # nor is it kept for later
    assert (play.step("A"), play.types) == ("running", ["DoOther", "DoA"])
    play.answer("A", "B")
    assert play.status == "completed"


@pytest.mark.parametrize("cause", [None, "m-1", f"{'0' * 24}.A.1"])
def test_what_nobody_is_asked_for_may_come_of_anything(cause: str | None) -> None:
    """What another workflow leads to is an event from outside for a step that sends nothing."""
    play = Play(workflow(step("A", awaited("ADone")), step("B", awaited("BDone")))).start()
    play.event("BDone", causation_id=cause)
    play.event("ADone", causation_id=cause)
    assert play.status == "completed"


def test_an_answer_that_names_no_command_is_for_the_step_that_awaits_it() -> None:
    """The control: services that tell no cause, or one of their own, are understood."""
    for cause in (None, "m-1"):
        play = Play(workflow(step("A"))).start()
        play.event("ADone", causation_id=cause)
        assert play.status == "completed"


NEWS: dict[str, dict[str, object]] = {
    "instance.faulted": {"workflow": "other", "key": "k", "id": "0" * 24, "status": "faulted"},
    "CommandFailed": {"command": {"type": "X", "id": "x"}, "error": "boom", "attempts": 6},
}
"""What a workflow also hears as an answer, and somebody else may have to do with."""


@pytest.mark.parametrize(
    ("event_type", "guard"),
    [
        ("instance.faulted", None),
        ("instance.faulted", "data.workflow == 'other'"),
        ("CommandFailed", None),
        ("CommandFailed", "data.error == 'boom'"),
    ],
)
def test_what_goes_wrong_elsewhere_may_start_a_workflow(event_type: str, guard: str | None) -> None:
    """Somebody has to see to it: it is no answer to anything here."""
    starts = (Start(event_type, formula(guard), None),)
    play = Play(workflow(step("A"), starts=starts))
    play.event(event_type, NEWS[event_type])
    assert play.types == ["DoA"]


@pytest.mark.parametrize("event_type", NEWS)
def test_what_goes_wrong_elsewhere_may_be_awaited(event_type: str) -> None:
    """As any event from outside; what answers a command of its own does not count for it."""
    accepts = "has(data.id) || data.command.type == 'X'"
    steps = step("A", on_failure="continue"), step("B", awaited(event_type, accepts=accepts))
    play = Play(workflow(*steps)).start()
    play.command_failed("DoA")
    assert (play.step("A"), play.step("B")) == ("failed", "running")
    play.event(event_type, NEWS[event_type])
    assert (play.step("B"), play.status) == ("completed", "completed")


@pytest.mark.parametrize("event_type", ["StartWorkflow", "InstanceOrder", "ApprovalGiven"])
@pytest.mark.parametrize("data", ["flow", None, ["flow"], {"workflow": ["flow"]}])
def test_what_no_schema_has_seen_harms_nobody(event_type: str, data: object) -> None:
    """Whoever explains an old log asks about everything in it."""
    condition = workflow(step("A")).condition(event_type)
    unnamed = event_type == "ApprovalGiven" and not isinstance(data, dict)
    assert condition is not None
    assert condition(cast("Scope", {"data": data})) is unnamed


def routed(strategy: str) -> Play:
    route = Route("pump", strategy)  # type: ignore[arg-type]  # one of the two
    return Play(workflow(step("A", command("Pump", "Pumped", route=route))))


def test_a_command_goes_to_the_least_busy() -> None:
    """By the routing key that reaches it alone."""
    play = routed("least_busy")
    play.directory = Living((Live("a", "pump.a", 3), Live("b", "pump.b", 1)))
    assert play.start().command("Pump").channel == "pump.b"


def test_commands_are_spread_over_the_living() -> None:
    """Derived from the command's id, so that repeating a decision changes nothing."""
    living = Living(tuple(Live(name, f"pump.{name}", 0) for name in "abc"))
    channels = []
    for number in range(30):
        play = routed("round_robin")
        play.directory = living
        channels.append(play.start(id=f"start-{number}").command("Pump").channel)
    assert {channels.count(f"pump.{name}") > 4 for name in "abc"} == {True}


def test_a_command_waits_for_somebody_who_can_do_it() -> None:
    """The instance says whom it waits for, and looks again every second."""
    play = routed("least_busy").start()
    play.advance(3)
    task = play.state.tasks["A"]
    assert (play.types, task.status) == ([], "unrouted")
    assert task.error == {"type": "unrouted", "reason": "waits for somebody who can pump"}
    play.directory = Living((Live("a", "pump.a", 0),))
    play.advance(1)
    assert (play.types, play.sent[0].id[24:]) == (["Pump"], ".A.1")
    assert play.state.tasks["A"].error is None


def test_who_waits_for_long_looks_seldom() -> None:
    """Thousands that wait for one service must leave the engine time for all others."""
    play = routed("least_busy").start()
    pauses = []
    for _ in range(60):
        due = play.state.tasks["A"].due
        assert due is not None
        now = round(play.now.timestamp() * 1000)
        pauses.append(due - now)
        play.advance((due - now) / 1000)
    assert (pauses[0], pauses[-1], pauses == sorted(pauses)) == (1_000, 30_000, True)


def idle(*names: str) -> Snapshot:
    services = {f"pump.{name}": Live(name, f"pump.{name}", 0, share=0.1) for name in names}
    return Snapshot(services, {"pump": tuple(services)})


@pytest.mark.parametrize("strategy", ["least_busy", "round_robin"])
def test_the_items_of_a_step_take_turns(strategy: str) -> None:
    """All are decided on one snapshot: the first idle instance must not get them all."""
    route = Route("pump", strategy)  # type: ignore[arg-type]  # one of the two
    work = step(
        "A",
        command("Pump", "Pumped", route=route),
        for_each=each("[1, 2, 3, 4, 5, 6]", max_parallel=6),
    )
    play = Play(workflow(work))
    play.directory = idle(*"abc")
    play.start()
    channels = [one.channel for one in play.sent if one.type == "Pump"]
    assert sorted(channels) == [f"pump.{name}" for name in "aabbcc"]


def test_nobody_waits_twice_as_long_as_another() -> None:
    """A fair rotation: the engine tells the next decision what this one sent."""
    directory: Directory = idle(*"abc")
    channels = []
    for number in range(9):
        play = routed("round_robin")
        play.directory = directory
        channel = play.start(id=f"start-{number}").command("Pump").channel
        directory = directory.after(channel)
        channels.append(channel)
    assert {tuple(sorted(channels[at : at + 3])) for at in (0, 3, 6)} == {
        ("pump.a", "pump.b", "pump.c")
    }
