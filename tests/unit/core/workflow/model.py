"""A workflow as a few obvious rules over outcomes: everything is found anew, nothing is carried on.

The machine goes on from what it remembers; this looks at all outcomes so far and says what must be
open now, in which order steps were closed, and what has to be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal

from orchestrator.core.workflow.definition import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.workflow.definition import Plan, Step

Key = tuple[str, int | None]
"""A step, or an item of one."""

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

    plan: Plan
    counts: dict[str, int]
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

    def steps(self) -> Iterator[tuple[Step, tuple[Step, ...]]]:
        """Yield every step that is no group, with the groups around it."""

        def walk(
            steps: Iterable[Step], around: tuple[Step, ...]
        ) -> Iterator[tuple[Step, tuple[Step, ...]]]:
            for each in steps:
                if isinstance(each.work, Group):
                    yield from walk(each.work.steps, (each, *around))
                else:
                    yield each, around

        return walk(self.plan.steps, ())

    def keys(self, step: Step) -> list[Key]:
        if step.for_each is None:
            return [(step.name, None)]
        return [(step.name, index) for index in range(self.counts[step.name])]

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
            for step, around in self.steps():
                if self.ending == "stop":
                    return
                self._visit(step, around)
            if self.ending == "compensate":
                self._take_back(ALL)

    def _visit(self, step: Step, around: tuple[Step, ...]) -> None:
        """Go on with a step, and with the groups that it is the last one of."""
        everything = {each.name: each for each in self._all(self.plan.steps)}
        for group in reversed(around):
            self._skip(group, everything)
        if self.goes_on(around):
            if self.is_due(step, around, everything):
                self._open(step)
        elif not step.patient:
            self._drain(step)
        self._close(step)
        for group in around:
            whole = self._is_last(step, group) and group.name in self.failing
            if whole and self._take_back(group):
                self._fail(group)

    def _is_last(self, step: Step, group: Step) -> bool:
        """Tell whether a step is the last one in a group."""
        *_, last = [each for each, around in self.steps() if group in around]
        return step is last

    def _progress(self) -> tuple[int, ...]:
        return tuple(map(len, (self.outcomes, self.open, self.closed, self.failing, self.undone)))

    def _fail(self, group: Step) -> None:
        """Let a group that has taken back its members fail as one step of what is around it."""
        self.failing.remove(group.name)
        self.outcomes[group.name, None] = "failed"
        asked = (group,) if _is_atomic(group) else ()
        self._draw_consequences(asked, self._around(group))

    def _draw_consequences(self, asked: tuple[Step, ...], around: tuple[Step, ...]) -> None:
        """Do what a failure means, by the words of who is asked, the innermost first."""
        words = [each.on_failure for each in (*asked, *around)] + [self.plan.on_failure]
        word = next(each for each in words if each is not None)
        if any(map(_is_atomic, around)):
            word = "compensate"
        taking = [each for each in around if _is_atomic(each) or each.on_failure == "compensate"]
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
        inside = [step for step, around in self.steps() if container is ALL or container in around]
        names = {step.name for step in inside}
        work = None if container is ALL else container.work
        members = work.steps if isinstance(work, Group) else self.plan.steps
        failing = {each.name for each in self._all(members)} & set(self.failing)
        if failing or any(key[0] in names for key in self.open):
            return False
        by_name = {step.name: step for step in inside}
        whose = "" if container is ALL else container.name
        for name in reversed(self.closed):
            if name in names and not self._undo(by_name[name], whose):
                return False
        return True

    def _undo(self, step: Step, whose: str) -> bool:
        """Begin to undo a step, or go on with it; tell whether that is over."""
        if step.compensation is None or self._is_final(step):
            return True
        awaits = bool(step.compensation.command.awaits)
        begun = {label for _, label in self.undone}
        own = [
            f"{name}~" if index is None else f"{name}[{index}]~"
            for name, index in reversed(self.keys(step))
            if self.outcomes.get((name, index)) in {"done", "unknown"}
        ]
        room = 1 if step.for_each is None else step.for_each.max_parallel
        for label in own:
            if label in begun:
                continue
            if sum(each in self.undoing for each in own) == room:
                break
            self.undone.append((whose, label))
            if awaits:
                self.undoing.add(label)
        return not any(each in self.undoing for each in own)

    def _is_final(self, step: Step) -> bool:
        """Tell whether a step belongs to a transaction that was done."""
        return any(
            _is_atomic(group)
            and self.is_closed(group)
            and (group.name, None) not in self.outcomes
            and self._is_whole(group)
            for group in self._around(step)
        )

    def _is_whole(self, group: Step) -> bool:
        """Tell whether all members of a group are done."""
        names = [each.name for each in self._all(group.work.steps)]  # type: ignore[union-attr]  # a group
        plain = [step.name for step, _ in self.steps() if step.name in names]
        return all(self.outcomes.get((name, None)) in {"done", "skipped"} for name in plain)

    def answer_undo(self, label: str) -> None:
        """Take in an answer to a compensation."""
        self.undoing.discard(label)
        self.settle()

    def _all(self, steps: Iterable[Step]) -> Iterator[Step]:
        for each in steps:
            yield each
            if isinstance(each.work, Group):
                yield from self._all(each.work.steps)

    def _skip(self, group: Step, everything: dict[str, Step]) -> None:
        """Skip a group whose condition does not hold, once its turn has come."""
        around = self._around(group)
        if (
            isinstance(group.work, Group)
            and group.guard is not None
            and group.guard.source == "false"
            and self.goes_on(around)
            and self.is_due(group, around, everything)
        ):
            self.outcomes.setdefault((group.name, None), "skipped")

    def _around(self, wanted: Step) -> tuple[Step, ...]:
        def find(steps: Iterable[Step], around: tuple[Step, ...]) -> tuple[Step, ...] | None:
            for each in steps:
                if each is wanted:
                    return around
                if isinstance(each.work, Group):
                    found = find(each.work.steps, (each, *around))
                    if found is not None:
                        return found
            return None

        return find(self.plan.steps, ()) or ()

    def _open(self, step: Step) -> None:
        if self.is_closed(step):
            return
        if step.guard is not None and step.guard.source == "false":
            self.outcomes[step.name, None] = "skipped"
            return
        left = [key for key in self.keys(step) if key not in self.outcomes and key not in self.open]
        allowed = 1 if step.for_each is None else step.for_each.max_parallel
        allowed -= sum(key[0] == step.name for key in self.open)
        for key in left[: max(allowed, 0)]:
            self.open[key] = Try(1, self.now + 60)
            if step.for_each is None and step.name in self.early:
                self.early.remove(step.name)
                self.finish(key, "done")

    def _drain(self, step: Step) -> None:
        """Give up what is between two attempts."""
        for key in self.keys(step):
            if key in self.open and self.open[key].waiting:
                self._end(key, "unknown" if self.open[key].unanswered else "cancelled")

    def _close(self, step: Step) -> None:
        """Enter a step that is over into the order."""
        keys = self.keys(step)
        begun = [key for key in keys if key in self.outcomes or key in self.open]
        goes_on = self.goes_on(self._around(step))
        over = all(key in self.outcomes for key in (keys if goes_on else begun))
        opened = begun or (not keys and goes_on and self._is_due(step))
        if opened and over and step.name not in self.closed:
            self.closed.append(step.name)

    def _is_due(self, step: Step) -> bool:
        everything = {each.name: each for each in self._all(self.plan.steps)}
        skipped = (step.name, None) in self.outcomes
        return not skipped and self.is_due(step, self._around(step), everything)

    def finish(self, key: Key, outcome: Outcome) -> None:
        """Write down how something ended, and what follows from a failure."""
        if outcome in {"refused", "lost", "unknown"}:
            step, around = next(pair for pair in self.steps() if pair[0].name == key[0])
            self._draw_consequences((step,), around)
        self._end(key, outcome)

    def _end(self, key: Key, outcome: Outcome) -> None:
        del self.open[key]
        self.outcomes[key] = outcome
        step = next(each for each, _ in self.steps() if each.name == key[0])
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
            if tried is None or tried.due > until or self.ending == "stop" or tried.helpless:
                continue
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
        step, around = next(pair for pair in self.steps() if pair[0].name == key[0])
        most = 1 if step.retry is None else step.retry.attempts or inf
        if tried.number < most and (step.patient or self.goes_on(around)):
            now = self.now if self.suspended is None else self.suspended
            tried.waiting, tried.due = True, now + 10
        else:
            self.finish(key, "unknown" if tried.unanswered else "lost")

    def _refuse(self, key: Key, tried: Try) -> None:
        step = next(each for each, _ in self.steps() if each.name == key[0])
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
            return True
        if self.ending == "compensate":
            return not self.open and self._take_back(ALL)
        return all(self.is_closed(each) for each in self.plan.steps)


def _is_atomic(step: Step) -> bool:
    return isinstance(step.work, Group) and step.work.atomic
