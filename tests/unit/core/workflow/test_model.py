"""The machine against a simple model, on random plans and whatever may happen to them."""

from __future__ import annotations

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

from orchestrator.core.workflow import (
    advancing,
    attempts,
    compensation,
    pausing,
    replies,
    timers,
)
from orchestrator.core.workflow.ids import read_command_id
from orchestrator.core.workflow.running import Running
from tests.unit.core.workflow.build import (
    command,
    each,
    group,
    retry,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.model import Key, Model
from tests.unit.core.workflow.play import START, Play

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from orchestrator.core.event import Outgoing
    from orchestrator.core.workflow import Workflow
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.ids import Target

WORDS = [None, None, "continue", "compensate"]


@st.composite
def flows(draw: DrawFn) -> tuple[Workflow, dict[str, int]]:
    """A workflow of a few steps, and how many items each for-each has."""
    names = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    counts: dict[str, int] = {}

    def leaf(name: str, after: list[str]) -> Step:
        work = command(f"Do{name}", f"{name}Done", fail_on=(f"{name}Denied",))
        parts: dict[str, Any] = {}
        if draw(st.booleans()):
            parts["undo"] = undo(f"Undo{name}", f"{name}Undone" if draw(st.booleans()) else None)
        if draw(st.integers(0, 3)) == 0:
            counts[name] = draw(st.integers(0, 4))
            parts["for_each"] = each(str(list(range(counts[name]))), draw(st.integers(1, 3)))
        return step(
            name,
            work,
            after=after,
            guard=draw(st.sampled_from([None, None, None, "true", "false"])),
            timeout=60,
            retry=draw(st.sampled_from([None, retry(2), retry(3)])),
            on_failure=draw(st.sampled_from(WORDS)),
            **parts,
        )

    def some(depth: int) -> list[Step]:
        made: list[Step] = []
        mode = draw(st.sampled_from(["sequential", "parallel", "dag"]))
        for _ in range(draw(st.integers(1, 4 - depth))):
            known = [one.name for one in made]
            after = {"sequential": known[-1:], "parallel": []}.get(mode)
            if after is None:
                after = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
            name = next(names)
            if depth < 2 and draw(st.integers(0, 3)) == 0:
                word = draw(st.sampled_from([None, None, "continue"]))
                guard = draw(st.sampled_from([None, None, "false"]))
                made.append(
                    group(name, *some(depth + 1), after=after, on_failure=word, guard=guard)
                )
            else:
                made.append(leaf(name, after))
        return made

    word = draw(st.sampled_from(["compensate", "compensate", "continue", "stop"]))
    return workflow(*some(0), on_failure=word), counts


class Machine(RuleBasedStateMachine):
    """One instance, its world, and the model beside it."""

    @initialize(flow=flows())
    def begin(self, flow: tuple[Workflow, dict[str, int]]) -> None:
        made, counts = flow
        self.play = Play(made)
        self.model = Model(made.plan, counts)
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
        plain = [one.name for one, _ in self.model.steps() if one.for_each is None]
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
                self.play.reply(one, f"{one.type[4:]}Undone")

    @invariant()
    def what_is_open_is_what_must_be(self) -> None:
        """As long as nothing is taken back, the same commands are out."""
        if not hasattr(self, "play"):
            return
        ended = {key for key, how in self.model.outcomes.items() if how != "skipped"}
        asked = self.asked()
        assert {key for key, _, _ in asked} == {*self.model.open, *ended}
        for key, tried in self.model.open.items():
            assert sum(each == key for each, _, _ in asked) == tried.number

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
            assert self.undone() == self.model.to_be_undone()
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


QUICK = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],  # to shrink a plan takes longer than to read it
)

HASTY = settings(QUICK, max_examples=500, database=None, report_multiple_bugs=False)
"""For mistakes: whatever shows one will do, the shortest example is nobody's concern."""


def test_the_machine_does_what_the_model_says() -> None:
    """For any plan, and whatever order answers, repetitions and timeouts come in."""
    run_state_machine_as_test(Machine, settings=QUICK)


def forgetful(run: Running, target: Target, error_type: str, reason: str) -> None:
    """Lose an attempt, and forget that nobody answered it."""
    run.task(target).unknown = False
    attempts.lose(run, target, error_type, reason)


def believing(run: Running, target: Target) -> bool:
    """Take whatever was begun for open."""
    return target.step in run.state.tasks


MISTAKES: dict[str, tuple[object, str, object]] = {
    "takes back in the order it was done": (compensation, "reversed", list),
    "tries again what was refused": (replies, "fail", attempts.lose),
    "opens steps while taking back": (Running, "goes_on", lambda *_: True),
    "takes a second answer": (replies, "_is_open", believing),
    "does not wait for what is in flight": (compensation, "any", lambda _: False),
    "forgets what went unanswered": (timers, "lose", forgetful),
    "lets time run out while suspended": (pausing, "_defer", lambda *_: None),
    "does not wait for dependencies": (advancing, "_is_ready", lambda *_: True),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_model_finds_a_mistake(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative controls: a model that accepts anything proves nothing."""
    where, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, name, wrong, raising=False)
    with pytest.raises((AssertionError, RuntimeError)):
        run_state_machine_as_test(Machine, settings=HASTY)
