"""A workflow as a few obvious rules over outcomes: everything is found anew, nothing is carried on.

The machine goes on from what it remembers; this looks at all outcomes so far and says what must be
open now, in which order steps were closed, and what has to be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal

from orchestrator.core.workflow.definition import Group
from tests.unit.core.workflow.layout import is_atomic

if TYPE_CHECKING:
    from orchestrator.core.workflow.definition import Step
    from tests.unit.core.workflow.layout import Key, Layout

Outcome = Literal["done", "refused", "lost", "unknown", "cancelled", "skipped", "failed"]

ALL: Step | None = None
"""What takes back everything, where a group takes back its members."""


@dataclass
class Try:
    """How far the attempts at a target are.

    Attributes:
        number: how many commands were sent.
        due: when the last one is over, or the next is sent.
        waiting: whether it is between two of them.
        unanswered: whether one of them went unanswered.
        helpless: whether a person is needed.
    """

    number: int
    due: float
    waiting: bool = False
    unanswered: bool = False
    helpless: bool = False


@dataclass
class Model:
    """What must be so after a list of answers and lapses of time."""

    layout: Layout
    now: float = 0
    open: dict[Key, Try] = field(default_factory=dict)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    early: set[str] = field(default_factory=set)
    ending: Literal["compensate", "stop"] | None = None
    suspended: float | None = None
    failing: list[str] = field(default_factory=list)
    undone: list[tuple[str, str]] = field(default_factory=list)
    undoing: set[str] = field(default_factory=set)

    def is_closed(self, step: Step) -> bool:
        """Tell whether nothing of a step is left to do."""
        if (step.name, None) in self.outcomes:
            return True
        if isinstance(step.work, Group):
            whole = all(self.is_closed(each) for each in step.work.steps)
            return whole and step.name not in self.failing
        return step.name in self.closed

    def goes_on(self, around: tuple[Step, ...]) -> bool:
        """Tell whether anything in these groups may still be begun."""
        return self.ending is None and not any(
            group.name in self.failing or (group.name, None) in self.outcomes for group in around
        )

    def is_due(self, step: Step, around: tuple[Step, ...], siblings: dict[str, Step]) -> bool:
        """Tell whether a step's turn has come, and that of the groups around it."""
        for each in (step, *around):
            before = [siblings[name] for name in each.depends_on]
            if not all(self.is_closed(one) for one in before):
                return False
        return not any((group.name, None) in self.outcomes for group in around)

    def settle(self) -> None:
        """Open and close whatever follows, until nothing does."""
        if self.suspended is not None:
            return
        before = None
        while before != (before := self._progress()):
            for step, around in self.layout.steps():
                if self._has_stopped():
                    return
                self._visit(step, around)
            if self.ending is not None:
                self._take_back(ALL)

    def _visit(self, step: Step, around: tuple[Step, ...]) -> None:
        """Go on with a step, and with the groups that it is the last one of."""
        everything = {each.name: each for each in self.layout.everything()}
        for group in reversed(around):
            self._skip(group, everything)
        if self.goes_on(around):
            if self.is_due(step, around, everything):
                self._open(step)
        elif not step.patient:
            self._drain(step)
        self._close(step)
        for group in around:
            if self._has_stopped():
                return
            whole = self._is_last(step, group) and group.name in self.failing
            if whole and self._take_back(group):
                self._fail(group)

    def _is_last(self, step: Step, group: Step) -> bool:
        """Tell whether a step is the last one in a group."""
        *_, last = [each for each, around in self.layout.steps() if group in around]
        return step is last

    def _progress(self) -> tuple[int, ...]:
        return (
            *(len(self.outcomes), len(self.open), len(self.closed)),
            *(len(self.failing), len(self.undone)),
        )

    def _fail(self, group: Step) -> None:
        """Let a group that has taken back its members fail as one step of what is around it."""
        self.failing.remove(group.name)
        self.outcomes[group.name, None] = "failed"
        asked = (group,) if is_atomic(group) else ()
        self._draw_consequences(asked, self.layout.around(group))

    def _draw_consequences(self, asked: tuple[Step, ...], around: tuple[Step, ...]) -> None:
        """Do what a failure means, by the words of who is asked, the innermost first."""
        words = [each.on_failure for each in (*asked, *around)] + [self.layout.plan.on_failure]
        word = next(each for each in words if each is not None)
        if any(map(is_atomic, around)):
            word = "compensate"
        taking = [each for each in around if is_atomic(each) or each.on_failure == "compensate"]
        if word == "stop":
            self.ending = self.ending or "stop"
        elif word == "compensate" and not taking:
            self.ending = self.ending or "compensate"
        elif word == "compensate" and not self._has_failed(taking[0]):
            self.failing.append(taking[0].name)

    def _has_failed(self, group: Step) -> bool:
        return group.name in self.failing or (group.name, None) in self.outcomes

    def _take_back(self, container: Step | None) -> bool:
        """Take back what was done in a group, or in all; tell whether that is over."""
        inside = self._taken_back(container)
        work = container.work if container else None
        members = work.steps if isinstance(work, Group) else self.layout.plan.steps
        failing = {each.name for each in self.layout.everything(members)} & set(self.failing)
        stops = container is ALL and self.ending == "stop"
        if (failing and not stops) or any(key[0] in inside for key in self.open):
            return False
        whose = container.name if container else ""
        aborting: Step | None = None
        for name in reversed(self.closed):
            together = self._transaction(inside[name]) if name in inside else None
            if name not in inside or (aborting is not None and together is not aborting):
                continue
            if not self._undo(inside[name], whose):
                if together is None:
                    return False
                aborting = together
        return aborting is None

    def _transaction(self, step: Step) -> Step | None:
        """Return the transaction a step is in: its participants abort side by side."""
        return next(filter(is_atomic, self.layout.around(step)), None)

    def _taken_back(self, container: Step | None) -> dict[str, Step]:
        """Return what is taken back of a group, or of all: at a stop that is transactions alone."""
        return {
            step.name: step
            for step, around in self.layout.steps()
            if container in around
            or (container is ALL and (self.ending != "stop" or any(map(is_atomic, around))))
        }

    def _has_stopped(self) -> bool:
        """Tell whether everything is to stop, and every transaction is done or taken back."""
        if self.ending != "stop":
            return False
        inside = self._taken_back(ALL)
        begun = {label for _, label in self.undone} - self.undoing
        left = [
            label for name in self.closed if name in inside for label in self._own(inside[name])
        ]
        return begun.issuperset(left) and not any(key[0] in inside for key in self.open)

    def _undo(self, step: Step, whose: str) -> bool:
        """Begin to undo a step, or go on with it; tell whether that is over."""
        begun = {label for _, label in self.undone}
        own = self._own(step)
        room = 1 if step.for_each is None else step.for_each.max_parallel
        for label in own:
            if label in begun:
                continue
            if sum(each in self.undoing for each in own) == room:
                break
            self.undone.append((whose, label))
            if step.compensation and step.compensation.command.awaits:
                self.undoing.add(label)
        return not any(each in self.undoing for each in own)

    def _own(self, step: Step) -> list[str]:
        """Return what is to be undone of a step, in that order."""
        if step.compensation is None or self._is_final(step):
            return []
        return [
            f"{name}~" if index is None else f"{name}[{index}]~"
            for name, index in reversed(self.layout.keys(step))
            if self.outcomes.get((name, index)) in {"done", "unknown"}
        ]

    def _is_final(self, step: Step) -> bool:
        """Tell whether a step belongs to a transaction that was done."""
        return any(
            is_atomic(group)
            and self.is_closed(group)
            and (group.name, None) not in self.outcomes
            and self._is_whole(group)
            for group in self.layout.around(step)
        )

    def _is_whole(self, group: Step) -> bool:
        """Tell whether all members of a group are done."""
        names = [each.name for each in self.layout.everything(group.work.steps)]  # type: ignore[union-attr]  # a group
        plain = [step.name for step, _ in self.layout.steps() if step.name in names]
        return all(self.outcomes.get((name, None)) in {"done", "skipped"} for name in plain)

    def answer_undo(self, label: str) -> None:
        """Take in an answer to a compensation."""
        self.undoing.discard(label)
        self.settle()

    def _skip(self, group: Step, everything: dict[str, Step]) -> None:
        """Skip a group whose condition does not hold, once its turn has come."""
        around = self.layout.around(group)
        if (
            isinstance(group.work, Group)
            and group.guard is not None
            and group.guard.source == "false"
            and self.goes_on(around)
            and self.is_due(group, around, everything)
        ):
            self.outcomes.setdefault((group.name, None), "skipped")

    def _open(self, step: Step) -> None:
        if self.is_closed(step):
            return
        if step.guard is not None and step.guard.source == "false":
            self.outcomes[step.name, None] = "skipped"
            return
        left = [
            key
            for key in self.layout.keys(step)
            if key not in self.outcomes and key not in self.open
        ]
        allowed = 1 if step.for_each is None else step.for_each.max_parallel
        allowed -= sum(key[0] == step.name for key in self.open)
        for key in left[: max(allowed, 0)]:
            self.open[key] = Try(1, self.now + 60)
            if step.for_each is None and step.name in self.early:
                self.early.remove(step.name)
                self.finish(key, "done")

    def _drain(self, step: Step) -> None:
        """Give up what is between two attempts."""
        for key in self.layout.keys(step):
            if key in self.open and self.open[key].waiting:
                self._end(key, "unknown" if self.open[key].unanswered else "cancelled")

    def _close(self, step: Step) -> None:
        """Enter a step that is over into the order."""
        keys = self.layout.keys(step)
        begun = [key for key in keys if key in self.outcomes or key in self.open]
        goes_on = self.goes_on(self.layout.around(step))
        over = all(key in self.outcomes for key in (keys if goes_on else begun))
        opened = begun or (not keys and goes_on and self._is_due(step))
        if opened and over and step.name not in self.closed:
            self.closed.append(step.name)

    def _is_due(self, step: Step) -> bool:
        everything = {each.name: each for each in self.layout.everything()}
        skipped = (step.name, None) in self.outcomes
        return not skipped and self.is_due(step, self.layout.around(step), everything)

    def finish(self, key: Key, outcome: Outcome) -> None:
        """Write down how something ended, and what follows from a failure."""
        if outcome in {"refused", "lost", "unknown"}:
            step, around = self.layout.find(key)
            self._draw_consequences((step,), around)
        self._end(key, outcome)

    def _end(self, key: Key, outcome: Outcome) -> None:
        del self.open[key]
        self.outcomes[key] = outcome
        step, _ = self.layout.find(key)
        if step.for_each is None:
            self._close(step)

    def answer(self, key: Key, kind: str, attempt: int) -> None:
        """Take in an answer to an attempt."""
        tried = self.open.get(key)
        if tried is None or self.is_over:
            return
        if kind == "done":
            self.finish(key, "done")
        elif kind == "refused":
            self._refuse(key, tried)
        elif attempt == tried.number and not tried.waiting and not tried.helpless:
            self._lose(key, tried)
        self.settle()

    def answer_unnamed(self, name: str) -> None:
        """Take in an answer that names no command."""
        if (name, None) in self.open and not self.is_over:
            self.finish((name, None), "done")
            self.settle()
        elif (name, None) not in self.outcomes and self.ending is None and not self.is_over:
            self.early.add(name)

    def lapse(self, keys: list[Key], until: float) -> None:
        """Let the time of these be over, as far as it ends until then."""
        if self.suspended is not None:
            return
        for key in keys:
            tried = self.open.get(key)
            if tried is None or tried.due > until or tried.helpless:
                continue
            if tried.waiting and not self._may_retry(key):
                continue  # it is about to be given up
            if tried.waiting:
                tried.number, tried.waiting, tried.due = tried.number + 1, False, self.now + 60
            else:
                tried.unanswered = True
                self._lose(key, tried)
        self.settle()

    def cancel(self) -> None:
        self.ending = "compensate"
        self.resume()

    def resume(self) -> None:
        """Let time go on where it stopped."""
        if self.suspended is not None:
            for tried in self.open.values():
                tried.due += self.now - self.suspended
        self.suspended = None
        self.settle()

    def _lose(self, key: Key, tried: Try) -> None:
        step, _ = self.layout.find(key)
        most = 1 if step.retry is None else step.retry.attempts or inf
        if tried.number < most and self._may_retry(key):
            now = self.now if self.suspended is None else self.suspended
            tried.waiting, tried.due = True, now + 10
        else:
            self.finish(key, "unknown" if tried.unanswered else "lost")

    def _may_retry(self, key: Key) -> bool:
        step, around = self.layout.find(key)
        return step.patient or self.goes_on(around)

    def _refuse(self, key: Key, tried: Try) -> None:
        step, _ = self.layout.find(key)
        if step.patient:
            tried.helpless, tried.waiting = True, False
        else:
            tried.unanswered = False
            self.finish(key, "refused")

    @property
    def is_over(self) -> bool:
        """Whether no step is left to do, taking back aside."""
        if self.suspended is not None:
            return False
        if self.ending == "stop":
            return self._has_stopped()
        if self.ending == "compensate":
            return not self.open and self._take_back(ALL)
        return all(self.is_closed(each) for each in self.layout.plan.steps)
