"""A workflow as a few obvious rules over outcomes: everything is found anew, nothing is carried on.

The machine goes on from what it remembers; this looks at all outcomes so far and says what must be
open now, in which order steps were closed, and what has to be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestrator.core.workflow.definition import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.workflow.definition import Plan, Step

Key = tuple[str, int | None]
"""A step, or an item of one."""

Outcome = Literal["done", "refused", "lost", "unknown", "cancelled", "skipped"]


@dataclass
class Try:
    """How far the attempts at a target are.

    Attributes:
        number: how many commands were sent.
        due: when the last one is over, or the next is sent.
        waiting: whether it is between two of them.
        unanswered: whether one of them went unanswered.
    """

    number: int
    due: float
    waiting: bool = False
    unanswered: bool = False


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
            return all(self.is_closed(each) for each in step.work.steps)
        return step.name in self.closed

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
        everything = {each.name: each for each in self._all(self.plan.steps)}
        before = -1
        while before != len(self.outcomes) + len(self.open) + len(self.closed):
            before = len(self.outcomes) + len(self.open) + len(self.closed)
            for step, around in self.steps():
                for group in reversed(around):
                    self._skip(group, everything)
                if self.ending is None and self.is_due(step, around, everything):
                    self._open(step)
                elif self.ending == "compensate":
                    self._drain(step)
                self._close(step)

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
            and self.ending is None
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
                self.finish(key, "unknown" if self.open[key].unanswered else "cancelled")

    def _close(self, step: Step) -> None:
        """Enter a step that is over into the order."""
        keys = self.keys(step)
        begun = [key for key in keys if key in self.outcomes or key in self.open]
        over = all(key in self.outcomes for key in (begun if self.ending else keys))
        opened = begun or (not keys and self.ending is None and self._is_due(step))
        if opened and over and step.name not in self.closed:
            self.closed.append(step.name)

    def _is_due(self, step: Step) -> bool:
        everything = {each.name: each for each in self._all(self.plan.steps)}
        skipped = (step.name, None) in self.outcomes
        return not skipped and self.is_due(step, self._around(step), everything)

    def finish(self, key: Key, outcome: Outcome) -> None:
        """Write down how something ended, and what follows from a failure."""
        del self.open[key]
        self.outcomes[key] = outcome
        step, around = next(pair for pair in self.steps() if pair[0].name == key[0])
        if self.ending is None and outcome in {"refused", "lost", "unknown"}:
            words = [each.on_failure for each in (step, *around)] + [self.plan.on_failure]
            word = next(each for each in words if each is not None)
            self.ending = None if word == "continue" else word
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
            self.finish(key, "refused")
        elif attempt == tried.number and not tried.waiting:
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
            if tried is None or tried.due > until or self.ending == "stop":
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
        step = next(each for each, _ in self.steps() if each.name == key[0])
        most = step.retry.attempts if step.retry and step.retry.attempts else 1
        if tried.number < most and self.ending is None:
            now = self.now if self.suspended is None else self.suspended
            tried.waiting, tried.due = True, now + 10
        else:
            self.finish(key, "unknown" if tried.unanswered else "lost")

    @property
    def is_over(self) -> bool:
        """Whether no step is left to do, taking back aside."""
        if self.suspended is not None:
            return False
        if self.ending == "stop":
            return True
        if self.ending == "compensate":
            return not self.open
        return all(self.is_closed(each) for each in self.plan.steps)

    def to_be_undone(self) -> list[str]:
        """Return what must be taken back, in order."""
        if self.ending != "compensate":
            return []
        by_name = {step.name: step for step, _ in self.steps()}
        return [
            f"{name}~" if index is None else f"{name}[{index}]~"
            for name in reversed(self.closed)
            for _, index in reversed(self.keys(by_name[name]))
            if by_name[name].compensation is not None
            and self.outcomes.get((name, index)) in {"done", "unknown"}
        ]
