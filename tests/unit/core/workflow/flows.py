"""Plans of commands, lists, groups and transactions, drawn by Hypothesis for the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.unit.core.workflow.build import (
    each,
    group,
    in_sequence,
    retry,
    step,
    undo,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

    from orchestrator.core.workflow import Workflow
    from orchestrator.core.workflow.definition import Step

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
