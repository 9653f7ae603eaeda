"""One instance of a random plan beside the model, and whatever may happen to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.core.workflow.ids import read_command_id
from tests.unit.core.workflow.flows import TRANSACTIONS, flows
from tests.unit.core.workflow.layout import Layout
from tests.unit.core.workflow.model import Model
from tests.unit.core.workflow.play import START, Play

if TYPE_CHECKING:
    from orchestrator.core.event import Outgoing
    from orchestrator.core.workflow import Workflow
    from tests.unit.core.workflow.layout import Key


class Machine(RuleBasedStateMachine):
    """One instance, its world, and the model beside it."""

    @initialize(flow=flows())
    def begin(self, flow: tuple[Workflow, dict[str, int]]) -> None:
        self.set_up(flow)

    def set_up(self, flow: tuple[Workflow, dict[str, int]]) -> None:
        made, counts = flow
        self.play = Play(made)
        self.model = Model(Layout(made.plan, counts))
        self.play.start()
        self.model.settle()
        self.sent_at_the_end: int | None = None
        self.cancelled = False

    @property
    def is_over(self) -> bool:
        return self.play.instance is not None and self.play.instance.status.final

    def asked(self) -> list[tuple[Key, int, Outgoing]]:
        """Return every command for a step, with its target and attempt."""
        return [
            ((target.step, target.index), int(one.id.rpartition(".")[2]), one)
            for one in self.play.sent
            if (named := read_command_id(one.id)) and not (target := named[1]).undoing
        ]

    def tick(self) -> None:
        self.model.now = (self.play.now - START).total_seconds()

    @precondition(lambda self: self.asked())
    @rule(data=st.data(), kind=st.sampled_from(["done", "done", "refused", "lost"]))
    def answer(self, data: st.DataObject, kind: str) -> None:
        """Answer any command that was ever sent: in time, late, or twice."""
        asked = self.asked()
        number = data.draw(st.integers(0, len(asked) - 1))
        key, attempt, sent = asked[number]
        name = key[0]
        self.tick()
        self.model.answer(key, kind, attempt)
        if kind == "lost":
            told = {"command": {"type": sent.type, "id": sent.id}, "error": "x", "attempts": 1}
            self.play.reply(sent, "CommandFailed", told)
        else:
            self.play.reply(sent, f"{name}Done" if kind == "done" else f"{name}Denied")

    @rule(data=st.data())
    def answer_without_a_name(self, data: st.DataObject) -> None:
        """Let an event come in that names no command, perhaps too early."""
        plain = [one.name for one, _ in self.model.layout.steps() if one.for_each is None]
        plain = [name for name in plain if name not in self.model.early]
        if plain:
            name = data.draw(st.sampled_from(plain))
            self.tick()
            self.model.answer_unnamed(name)
            self.play.event(f"{name}Done")

    @precondition(lambda self: self.play.dues)
    @rule()
    def let_time_pass(self) -> None:
        """Let the next timer go off."""
        part, due = min(self.play.dues.items(), key=lambda one: one[1])
        due_after = (due - self.play.now).total_seconds()
        until = (due - START).total_seconds()
        self.model.now = max(until, (self.play.now - START).total_seconds())
        step_name, _, _ = part.rpartition("/")
        is_items = part != ""
        keys = [
            key
            for key in self.model.open
            if (key[1] is not None) == is_items and (not is_items or key[0] == step_name)
        ]
        self.model.lapse(sorted(keys, key=lambda key: key[1] or 0) if is_items else keys, until)
        others = {name: each for name, each in self.play.dues.items() if name != part}
        self.play.dues = {part: due}
        self.play.advance_to_next(due_after)
        self.play.dues = {**others, **self.play.dues} if not self.is_over else {}

    @precondition(lambda self: not self.is_over and not self.cancelled)
    @rule(data=st.integers(0, 9))
    def cancel(self, data: int) -> None:
        """Let a person cancel it, now and then."""
        if data == 0 and self.play.state.phase == "running":
            self.cancelled = True
            self.tick()
            self.model.cancel()
            self.play.order("cancel")

    @precondition(lambda self: not self.is_over)
    @rule(data=st.integers(0, 5))
    def suspend_or_resume(self, data: int) -> None:
        """Let a person stop it for a while, now and then."""
        self.tick()
        if self.model.suspended is not None:
            self.model.resume()
            self.play.order("resume")
        elif data == 0:
            self.model.suspended = self.model.now
            self.play.order("suspend")

    @precondition(lambda self: self.model.suspended is not None)
    @rule()
    def let_time_pass_while_suspended(self) -> None:
        """Longer than any timeout: nothing may come of it."""
        self.play.advance(100)

    @rule()
    def answer_compensations(self) -> None:
        """Answer every command that takes something back, once more than needed."""
        for one in list(self.play.sent):
            named = read_command_id(one.id)
            if (
                named
                and named[1].undoing
                and one.type[4:] + "Undone" in self.play.workflow.triggers
            ):
                self.tick()
                self.model.answer_undo(str(named[1]))
                self.play.reply(one, f"{one.type[4:]}Undone")

    @invariant()
    def what_is_open_is_what_must_be(self) -> None:
        """As long as nothing is taken back, the same commands are out."""
        if not hasattr(self, "play"):
            return
        ended = {
            key for key, how in self.model.outcomes.items() if how not in {"skipped", "failed"}
        }
        asked = self.asked()
        assert {key for key, _, _ in asked} == {*self.model.open, *ended}
        for key, tried in self.model.open.items():
            assert sum(each == key for each, _, _ in asked) == tried.number

    @invariant()
    def what_is_taken_back_is_what_must_be(self) -> None:
        """The same, and in the same order within each group that takes back its own."""
        if not hasattr(self, "play"):
            return
        undone = self.undone()
        assert sorted(undone) == sorted(label for _, label in self.model.undone)
        for container in {whose for whose, _ in self.model.undone}:
            own = [label for whose, label in self.model.undone if whose == container]
            assert [label for label in undone if label in own] == own

    @invariant()
    def ids_are_unique(self) -> None:
        """One id per step, item and attempt."""
        if hasattr(self, "play"):
            ids = [one.id for one in self.play.sent]
            assert len(set(ids)) == len(ids)

    @invariant()
    def nothing_is_sent_after_the_end(self) -> None:
        """What has ended is silent, and ended as the model says."""
        if not hasattr(self, "play"):
            return
        if self.sent_at_the_end is None and self.is_over:
            self.sent_at_the_end = len(self.play.sent)
        if self.sent_at_the_end is not None:
            assert len(self.play.sent) == self.sent_at_the_end
            assert self.model.is_over
            assert self.play.status == self.expected_status()

    def undone(self) -> list[str]:
        """Return what was taken back, in the order of the commands."""
        return [
            str(named[1])
            for one in self.play.sent
            if (named := read_command_id(one.id)) and named[1].undoing
        ]

    def expected_status(self) -> str:
        if self.model.ending is None:
            return "completed"
        return "cancelled" if self.cancelled else "faulted"

    def teardown(self) -> None:
        """Given answers, everything ends."""
        if not hasattr(self, "play"):
            return
        for _ in range(200):
            if self.is_over:
                break
            if self.model.suspended is not None:
                self.suspend_or_resume(0)
            for key, attempt, sent in self.asked():
                if key in self.model.open:
                    self.tick()
                    self.model.answer(key, "done", attempt)
                    self.play.reply(sent, f"{key[0]}Done")
            self.answer_compensations()
        assert self.is_over, self.play.state
        self.nothing_is_sent_after_the_end()


class Transactions(Machine):
    """The same with transactions only."""

    @initialize(flow=flows(TRANSACTIONS))
    def begin(self, flow: tuple[Workflow, dict[str, int]]) -> None:
        """Begin as any machine does."""
        self.set_up(flow)


QUICK = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],  # to shrink a plan takes longer than to read it
)
