"""Which fields of an event's data decide what rules do with it. Pure; evaluates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrator.core.clauses import fields_read
from orchestrator.core.definitions import Rule
from orchestrator.core.expression.syntax import Conditional, walk
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.workflow.definition import Approval, Awaited, Command, Group
from orchestrator.core.workflow.machine import Workflow
from orchestrator.core.workflow.outline import APPROVAL, ORDER, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Action, Rulebook
    from orchestrator.core.expression import Expression
    from orchestrator.core.expression.syntax import Node
    from orchestrator.core.workflow.definition import Plan, Step, Work

Path: TypeAlias = tuple[str, ...]
Roots: TypeAlias = "Mapping[Path, Path]"
"""Where the data of an event stand in an expression -> which part of them that is."""

_ADDRESSES: Final = {
    ORDER: {("workflow",), ("step",)},
    APPROVAL: {("workflow",), ("step",), ("role",)},
    START: {("workflow",)},
}
"""Built-in event -> what it must say to concern a workflow at all."""


_DATA: Final[Roots] = {("data",): (), ("event", "data"): ()}


def fields_compared(rulebook: Rulebook, event_type: str) -> frozenset[Path]:
    """Return the paths, inside the data, that conditions about events of this type read.

    A condition is an ``if``, a list that is gone through, or what stands before the ``?`` of an
    expression; of a workflow, an ``if`` of its start, of a step, of an answer, or of a message at
    its end. What is only passed on, and what only makes a key, is none.
    """
    found = {
        path
        for definition, _ in rulebook.by_type.get(event_type, ())
        for node, roots in _conditions(definition, event_type)
        for path in _in_data(node, roots)
    }
    return frozenset(found.union(_ADDRESSES.get(event_type, ())))


def _conditions(definition: Definition, event_type: str) -> Iterator[tuple[Node, Roots]]:
    """Yield what decides, with the paths that lead to the data of such an event there."""
    match definition:
        case Rule(guard=guard, for_each=for_each, actions=actions):
            yield from ((node, _DATA) for node in _trees(guard, for_each))
            yield from ((node, _DATA) for node in _of_actions(actions))
        case StatefulRule(elements=elements, actions=actions, otherwise=otherwise):
            own = [each for each in elements if each.event_type == event_type]
            yield from ((node, _DATA) for each in own for node in _trees(each.guard))
            named: Roots = {("events", each.name, "data"): () for each in own}
            roots = {**_DATA, **named}
            yield from ((node, roots) for node in _of_actions((*actions, *otherwise)))
        case Workflow(plan=plan):
            yield from _of_workflow(plan, event_type)
        case _:
            return


def _of_workflow(plan: Plan, event_type: str) -> Iterator[tuple[Node, Roots]]:
    starts = [each for each in plan.starts if each.event_type == event_type]
    steps = list(_members(plan.steps))
    answered = [step for step in steps if event_type in _answers(step.work)]
    roots: dict[Path, Path] = {("steps", each.name, "output"): () for each in answered}
    if starts:
        roots["input",] = ()
    if event_type == START:  # an order has the input in its data
        roots["input",] = ("input",)
    yield from ((node, _DATA) for each in starts for node in _trees(each.guard))
    yield from ((node, _DATA) for each in answered for node in _of_answer(each.work))
    guards = [each.guard for each in steps]
    guards += [each.guard for each in (*plan.then, *plan.otherwise)]
    yield from ((node, roots) for node in _trees(*guards))


def _members(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step.work, Group):
            yield from _members(step.work.steps)


def _answers(work: Work) -> tuple[str, ...]:
    match work:
        case Command() | Awaited():
            return work.awaits
        case Approval():
            return (APPROVAL,)
        case _:
            return ()


def _of_answer(work: Work) -> Iterator[Node]:
    """Yield the condition on an answer, unless it is compared with what was known before.

    Of two texts that are compared the placeholders are equal where the texts are.
    """
    accepts = work.accepts if isinstance(work, Command | Awaited) else None
    for tree in _trees(accepts):
        if all(path[0] in {"data", "event"} for path in fields_read(tree)):
            yield tree


def _of_actions(actions: Sequence[Action]) -> Iterator[Node]:
    for action in actions:
        yield from _trees(action.guard, action.for_each)
        if action.data is not None:
            for _, tree in action.data.trees:
                nodes = (node for node, _ in walk(tree))
                yield from (node.test for node in nodes if isinstance(node, Conditional))


def _trees(*expressions: Expression | None) -> Iterator[Node]:
    return (each.tree for each in expressions if each is not None)


def _in_data(node: Node, roots: Roots) -> Iterator[Path]:
    for path in fields_read(node):
        for root, inside in roots.items():
            if path[: len(root)] == root:
                yield (*inside, *path[len(root) :])
