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
    closing,
    compensation,
    failing,
    pausing,
    replies,
    timers,
)
from orchestrator.core.workflow.failing import roll_back
from orchestrator.core.workflow.ids import read_command_id
from orchestrator.core.workflow.outline import ROOT
from orchestrator.core.workflow.running import Running
from tests.unit.core.workflow.build import (
    each,
    group,
    in_sequence,
    retry,
    step,
    undo,
    workflow,
)
from tests.unit.core.workflow.model import Key, Model
from tests.unit.core.workflow.play import START, Play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

    from orchestrator.core.event import Outgoing
    from orchestrator.core.workflow import Workflow
    from orchestrator.core.workflow.definition import Step
    from orchestrator.core.workflow.ids import Target

WORDS = [None, None, "continue", "compensate"]
ANY = (*["leaf"] * 12, "plain", "plain", "own", "transaction")
TRANSACTIONS = ("transaction",)


class Flows:
    """Draws steps, each with a name of its own.

    Attributes:
        counts: how many items each for-each has.
    """

    def __init__(self, draw: DrawFn, kinds: Sequence[str]) -> None:
        self.counts: dict[str, int] = {}
        self._draw = draw
        self._kinds = kinds
        self._names = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def one_of(self, *things: Any) -> Any:
        return self._draw(st.sampled_from(things))

    def some(self, depth: int = 0) -> list[Step]:
        made: list[Step] = []
        mode = self.one_of("sequential", "parallel", "dag")
        for _ in range(self._draw(st.integers(1, 4 - depth))):
            known = [one.name for one in made]
            after = {"sequential": known[-1:], "parallel": []}.get(mode)
            if after is None:
                after = self._draw(st.lists(st.sampled_from(known), unique=True)) if known else []
            made.append(self._step(depth, after))
        return made

    def _step(self, depth: int, after: list[str]) -> Step:
        name, kind = next(self._names), self.one_of(*self._kinds)
        if kind == "transaction":
            return self._transaction(name, after)
        if kind == "leaf" or depth == 2:
            return self._leaf(name, after)
        word = "compensate" if kind == "own" else self.one_of(None, None, "continue")
        guard = self.one_of(None, None, "false")
        return group(name, *self.some(depth + 1), after=after, on_failure=word, guard=guard)

    def _leaf(self, name: str, after: list[str]) -> Step:
        parts: dict[str, Any] = {}
        if self.one_of("undone", "for good") == "undone":
            parts["undo"] = undo(f"Undo{name}", self.one_of(None, f"{name}Undone"))
        if self.one_of(0, 1, 2, 3) == 0:
            self.counts[name] = self._draw(st.integers(0, 4))
            items = str(list(range(self.counts[name])))
            parts["for_each"] = each(items, self.one_of(1, 2, 3))
        return step(
            name,
            after=after,
            guard=self.one_of(None, None, None, "true", "false"),
            timeout=60,
            retry=self.one_of(None, retry(2), retry(3)),
            on_failure=self.one_of(*WORDS),
            **parts,
        )

    def _transaction(self, name: str, after: list[str]) -> Step:
        prepares, commits = [], []
        for number in range(self.one_of(1, 2)):
            one = f"P{name}{number}"
            abort = undo(f"Undo{one}", self.one_of(None, f"{one}Undone"))
            tries = self.one_of(None, retry(2))
            prepares.append(step(one, timeout=60, retry=tries, undo=abort))
            forever = retry(None, 10)
            commits.append(step(f"C{name}{number}", timeout=60, retry=forever, patient=True))
        phases = in_sequence(group(f"P{name}", *prepares), group(f"C{name}", *commits))
        word = self.one_of(None, None, "continue")
        return group(name, *phases, atomic=True, after=after, on_failure=word)


@st.composite
def flows(draw: DrawFn, kinds: Sequence[str] = ANY) -> tuple[Workflow, dict[str, int]]:
    """A workflow of a few steps, and how many items each for-each has."""
    drawing = Flows(draw, kinds)
    word = drawing.one_of("compensate", "compensate", "continue", "stop")
    return workflow(*drawing.some(), on_failure=word), drawing.counts


class Machine(RuleBasedStateMachine):
    """One instance, its world, and the model beside it."""

    @initialize(flow=flows())
    def begin(self, flow: tuple[Workflow, dict[str, int]]) -> None:
        self.set_up(flow)

    def set_up(self, flow: tuple[Workflow, dict[str, int]]) -> None:
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

HASTY = settings(QUICK, max_examples=500, database=None, report_multiple_bugs=False)
"""For mistakes: whatever shows one will do, the shortest example is nobody's concern."""


@pytest.mark.parametrize("kind", [Machine, Transactions])
def test_the_machine_does_what_the_model_says(kind: type[Machine]) -> None:
    """For any plan, and whatever order answers, repetitions and timeouts come in."""
    run_state_machine_as_test(kind, settings=QUICK)


def forgetful(run: Running, target: Target, error_type: str, reason: str) -> None:
    """Lose an attempt, and forget that nobody answered it."""
    run.task(target).unknown = False
    attempts.lose(run, target, error_type, reason)


def believing(run: Running, target: Target) -> bool:
    """Take whatever was begun for open."""
    return target.step in run.state.tasks


def sweeping(run: Running, container: str, error: Any) -> None:
    """Take back everything where a group would take back its own."""
    del container
    roll_back(run, ROOT, error)


def revoking(run: Running, name: str) -> bool:
    """Take back what can be, be it that a transaction made it final."""
    return run.outline.places[name].undo is not None


def hopeless(run: Running, target: Target, reason: str) -> None:
    """Close what no person has looked at."""
    del reason
    closing.close(run, target, "failed")


MISTAKES: dict[str, tuple[object, str, object]] = {
    "takes back in the order it was done": (compensation, "reversed", list),
    "tries again what was refused": (replies, "fail", attempts.lose),
    "opens steps while taking back": (Running, "goes_on", lambda *_: True),
    "takes a second answer": (replies, "_is_open", believing),
    "does not wait for what is in flight": (compensation, "any", lambda _: False),
    "forgets what went unanswered": (timers, "lose", forgetful),
    "lets time run out while suspended": (pausing, "_defer", lambda *_: None),
    "takes back all where a group fails": (failing, "roll_back", sweeping),
    "takes back a transaction that is done": (compensation, "_is_to_be_undone", revoking),
    "lets a commit of a transaction fail": (failing, "call_for_help", hopeless),
    "does not wait for dependencies": (advancing, "_is_ready", lambda *_: True),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_model_finds_a_mistake(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative controls: a model that accepts anything proves nothing."""
    where, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, name, wrong, raising=False)
    kind = Transactions if "transaction" in mistake else Machine
    with pytest.raises((AssertionError, RuntimeError)):
        run_state_machine_as_test(kind, settings=HASTY)
