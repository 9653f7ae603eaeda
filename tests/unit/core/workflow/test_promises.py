"""Everything a workflow can consist of, at once: no model, only what is promised in any case."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orchestrator.core.workflow import advancing, compensation, ending
from orchestrator.core.workflow.definition import Approval, Awaited, Group
from orchestrator.core.workflow.ids import Target, read_command_id
from orchestrator.core.workflow.outline import COMMAND_FAILED
from orchestrator.core.workflow.pieces import items_of
from orchestrator.errors import Refused
from tests.unit.core.workflow.drawing import flows
from tests.unit.core.workflow.play import Play

if TYPE_CHECKING:
    from orchestrator.core.event import Outgoing
    from orchestrator.core.workflow import Workflow
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.state import Task

ANSWERS = {
    "StartWorkflow": ["instance.completed", "instance.faulted", "instance.cancelled"],
    "CompensateWorkflow": ["instance.compensated", "instance.faulted"],
}


class World(RuleBasedStateMachine):
    """One instance, and everything that may happen to it."""

    @initialize(flow=flows())
    def begin(self, flow: Workflow) -> None:
        self.play = Play(flow).start()
        self.resolved = False
        self.sent_at_the_end: int | None = None

    @property
    def is_over(self) -> bool:
        return self.play.instance is not None and self.play.instance.status.final

    def commands(self) -> list[Outgoing]:
        return [one for one in self.play.sent if read_command_id(one.id)]

    def respond(self, sent: Outgoing, number: int) -> None:
        """Answer a command in the `number`-th way there is."""
        target = self.target(sent)
        place = self.play.workflow.outline.places[target.step]
        errand = place.undo if target.undoing else place.errand
        assert errand is not None
        types = ANSWERS.get(sent.type) or [*errand.answers, COMMAND_FAILED]
        event_type = types[number % len(types)]
        data: dict[str, Any] = {"workflow": "child"}
        if event_type == COMMAND_FAILED:
            data = {"command": {"type": sent.type, "id": sent.id}, "error": "x", "attempts": 1}
        self.play.reply(sent, event_type, data)

    def target(self, sent: Outgoing) -> Target:
        named = read_command_id(sent.id)
        assert named is not None
        return named[1]

    @precondition(lambda self: self.commands())
    @rule(data=st.data(), number=st.sampled_from([0, 0, 0, 1, 2]))
    def answer(self, data: st.DataObject, number: int) -> None:
        """Answer a command that was sent at some time."""
        commands = self.commands()
        self.respond(commands[data.draw(st.integers(0, len(commands) - 1))], number)

    @precondition(lambda self: self.play.dues)
    @rule()
    def let_time_pass(self) -> None:
        """Let the next timers go off."""
        due = min(self.play.dues.values())
        self.play.advance(max((due - self.play.now).total_seconds(), 0))

    @rule(data=st.data(), decision=st.sampled_from(["approved", "rejected"]))
    def act_upon_a_step(self, data: st.DataObject, decision: str) -> None:
        """Decide about a step, or send the event that it awaits."""
        places = [
            place
            for place in self.play.workflow.outline.places.values()
            if isinstance(place.step.work, Approval | Awaited)
        ]
        if places:
            place = data.draw(st.sampled_from(places))
            self.help_on(place.step, decision)

    @rule(data=st.data())
    def come_unasked(self, data: st.DataObject) -> None:
        """Let an event come in that a step may await, too early perhaps, and naming no command."""
        types = sorted(self.play.workflow.outline.awaiting)
        if types:
            with suppress(Refused):
                self.play.event(data.draw(st.sampled_from(types)))

    def help_on(self, one: Step, decision: str) -> None:
        task = self.play.state.tasks.get(one.name)
        if isinstance(one.work, Awaited):
            with suppress(Refused):
                self.play.event(one.work.awaits[0])
        elif isinstance(one.work, Approval):
            told = {"step": one.name, "decision": decision, "by": "ada"}
            with suppress(Refused):
                self.play.event("ApprovalGiven", {**told, "role": (task and task.role) or "chief"})

    @rule(
        data=st.data(),
        order=st.sampled_from(["suspend", "resume", "resume", "retry", "skip"]),
    )
    def order(self, data: st.DataObject, order: str) -> None:
        """Order something that may fit or not."""
        name = data.draw(st.sampled_from(sorted(self.play.workflow.outline.places)))
        with suppress(Refused):
            self.play.order(order, step=name)

    @rule(number=st.integers(0, 9))
    def end_it(self, number: int) -> None:
        """Cancel or resolve it, now and then."""
        with suppress(Refused):
            if number == 0:
                self.play.order("cancel")
            elif number == 1:
                self.play.order("resolve")
                self.resolved = True

    @invariant()
    def ids_are_unique(self) -> None:
        """One id per message, whatever it is for."""
        if hasattr(self, "play"):
            ids = [one.id for one in self.play.sent]
            assert len(set(ids)) == len(ids)

    @invariant()
    def an_instance_that_waits_says_for_what(self) -> None:
        """What is open has something in flight, a time, a person, or members that have."""
        if not hasattr(self, "play") or self.is_over:
            return
        state = self.play.state
        if state.suspended or state.incidents:
            return
        assert any(
            task.is_open or (task.undo and task.undo.is_open) for task in state.tasks.values()
        )

    @invariant()
    def the_end_is_the_end(self) -> None:
        """Nothing is sent any more, and what was done and failed is taken back, once each."""
        if not hasattr(self, "play") or not self.is_over:
            return
        if self.sent_at_the_end is None:
            self.sent_at_the_end = len(self.play.sent)
            self.check_the_end()
        assert len(self.play.sent) == self.sent_at_the_end

    def check_the_end(self) -> None:
        words = [word for word in ("Ended", "Failed") if word in self.play.types]
        assert words == (["Ended"] if self.play.status == "completed" else ["Failed"])
        ids = {one.id for one in self.play.sent}
        firsts = [one.removesuffix("~.1") for one in ids if one.endswith("~.1")]
        assert all(f"{one}.1" in ids for one in firsts), "what was not sent was taken back"
        assert len(set(self.play.state.done)) == len(self.play.state.done)
        if self.play.status == "completed" or self.resolved:
            return
        for target, task in self.effects():
            assert task.undo is not None, f"{target} was not taken back"
            assert task.undo.status in {"completed", "skipped"}

    def effects(self) -> list[tuple[Target, Task]]:
        """Return everything that had, or may have had, an effect that can be taken back."""
        state, outline = self.play.state, self.play.workflow.outline
        found: list[tuple[Target, Task]] = []
        for name, task in state.tasks.items():
            place = outline.places[name]
            stops = outline.plan.on_failure == "stop" and name not in outline.transactional
            if (
                place.undo is None
                or stops
                or any(
                    isinstance(work := outline.places[one].step.work, Group)
                    and work.atomic
                    and one in state.tasks
                    and state.tasks[one].status == "completed"
                    for one in place.ancestors[:-1]
                )
            ):
                continue
            if task.items is None:
                found.append((Target(name), task))
            else:
                pieces = [
                    piece for part, piece in self.play.parts.items() if part.startswith(f"{name}/")
                ]
                items = [item for piece in pieces for item in items_of(piece)]
                found += [(Target(name, index), item) for index, item in enumerate(items)]
        return [(target, task) for target, task in found if task.may_have_an_effect]

    def teardown(self) -> None:
        """Whatever happened: given answers, or a person's help, it ends."""
        if not hasattr(self, "play"):
            return
        for _ in range(60):
            if self.is_over:
                break
            self.help_all()
        assert self.is_over, self.play.state
        self.the_end_is_the_end()

    def help_all(self) -> None:
        """Answer everything, decide everything, skip what needs a person, let time pass."""
        with suppress(Refused):
            self.play.order("resume")
        for sent in self.commands():
            if not self.is_over:
                self.respond(sent, 0)
        for place in self.play.workflow.outline.places.values():
            if not self.is_over:
                self.help_on(place.step, "approved")
        for name in [] if self.is_over else list(self.play.state.incidents):
            with suppress(Refused):
                self.play.order("skip", step=name)
        if self.play.dues:
            self.let_time_pass()


SETTINGS = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],  # to shrink a plan takes longer than to read it
)
HASTY = settings(
    SETTINGS,
    max_examples=300,
    database=None,
    report_multiple_bugs=False,
)


def test_every_promise_is_kept() -> None:
    """Of all kinds of steps, in and out of groups, whatever comes when."""
    run_state_machine_as_test(World, settings=SETTINGS)


MISTAKES: dict[str, tuple[object, str, object]] = {
    "takes nothing back": (compensation, "_is_to_be_undone", lambda *_: False),
    "goes on after the end": (ending, "_close_everything", lambda *_: None),
    "opens nothing after the first": (advancing, "_is_ready", lambda _, one: not one.depends_on),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_promise_that_is_broken_is_noticed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative controls: promises that cannot be broken are none."""
    where, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, name, wrong)
    with pytest.raises((AssertionError, RuntimeError)):
        run_state_machine_as_test(World, settings=HASTY)
