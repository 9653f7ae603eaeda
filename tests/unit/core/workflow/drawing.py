"""Plans of all kinds of steps, drawn by Hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.unit.core.workflow.build import (
    act,
    approval,
    awaited,
    command,
    each,
    group,
    in_sequence,
    retry,
    run,
    step,
    undo,
    wait,
    workflow,
)

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from orchestrator.core.workflow import Workflow
    from orchestrator.core.workflow.definition import Step


class Drawing:
    """Draws steps of all kinds, each with a name of its own."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.names = iter(f"S{number}" for number in range(100))

    def one_of(self, *things: Any) -> Any:
        return self.draw(st.sampled_from(things))

    def steps(self, depth: int = 0) -> list[Step]:
        made: list[Step] = []
        for _ in range(self.draw(st.integers(1, 4 - depth))):
            known = [one.name for one in made]
            after = self.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
            made.append(self.step(depth, after))
        return made

    def step(self, depth: int, after: list[str]) -> Step:
        kind = self.one_of("group", "transaction", "leaf", "leaf", "leaf", "leaf")
        if kind == "transaction":
            return self.transaction(after)
        if kind == "leaf" or depth == 2:
            return self.leaf(after)
        word = self.one_of(None, "compensate", "compensate", "continue")
        timeout = self.one_of(None, None, 50)
        inner = self.steps(depth + 1)
        return group(next(self.names), *inner, after=after, on_failure=word, timeout=timeout)

    def transaction(self, after: list[str]) -> Step:
        names = [next(self.names), next(self.names)]
        prepares = [step(f"P{name}", timeout=60, undo=undo(f"Abort{name}")) for name in names]
        commits = [
            step(f"C{name}", timeout=60, retry=retry(None, 10), patient=True) for name in names
        ]
        inner = (group(next(self.names), *prepares), group(next(self.names), *commits))
        word = self.one_of(None, "continue")
        timeout = self.one_of(None, 30)
        return group(
            next(self.names),
            *in_sequence(*inner),
            atomic=True,
            on_failure=word,
            after=after,
            timeout=timeout,
        )

    def leaf(self, after: list[str]) -> Step:
        name = next(self.names)
        kinds = ("command", "command", "command", "tell", "broken", "wait", "await", "ask", "run")
        kind = self.one_of(*kinds)
        work = {
            "command": command(f"Do{name}", f"{name}Done", fail_on=(f"{name}Denied",)),
            "tell": command(f"Tell{name}"),
            "broken": command(f"Do{name}", f"{name}Done", data="${input.missing}"),
            "wait": wait(30),
            "await": awaited(f"{name}Done"),
            "ask": approval("chief", 100, escalate_to=self.one_of(None, "mayor")),
            "run": run("child"),
        }[kind]
        parts: dict[str, Any] = {}
        if kind in {"command", "tell", "broken"} and self.one_of(1, 0):
            answer = self.one_of(None, f"{name}Undone")
            parts["undo"] = undo(f"Undo{name}", answer, timeout=60 if answer else None)
        if kind in {"command", "tell", "broken", "run"} and self.one_of(1, 0, 0):
            items = str([0] * self.one_of(0, 1, 2, 3))
            parts["for_each"] = each(items, self.one_of(1, 2, 3))
        return step(
            name,
            work,
            after=after,
            guard=self.one_of(None, None, "false", "input.missing"),
            timeout=self.one_of(60, 90),
            retry=self.one_of(None, retry(2)),
            on_failure=self.one_of(None, None, None, "continue"),
            **parts,
        )


@st.composite
def flows(draw: DrawFn) -> Workflow:
    """A workflow of all kinds of steps."""
    drawing = Drawing(draw)
    return workflow(
        *drawing.steps(),
        on_failure=drawing.one_of("compensate", "compensate", "continue", "stop"),
        timeout=drawing.one_of(None, None, 200),
        then=(act("Ended"),),
        otherwise=(act("Failed"),),
        announce="steps",
    )
