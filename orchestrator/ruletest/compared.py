"""Which fields of an event's data decide what rules do with it. Pure; evaluates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.clauses import fields_read
from orchestrator.core.definitions import Rule
from orchestrator.core.expression.syntax import Conditional, walk
from orchestrator.core.stateful import StatefulRule
from orchestrator.core.workflow.definition import Group
from orchestrator.core.workflow.machine import Workflow
from orchestrator.core.workflow.outline import APPROVAL, ORDER, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Action, Rulebook
    from orchestrator.core.expression import Expression
    from orchestrator.core.expression.syntax import Node
    from orchestrator.core.workflow.definition import Step

Path = tuple[str, ...]

_ADDRESSES: Final = {
    ORDER: {("workflow",), ("step",)},
    APPROVAL: {("workflow",), ("step",), ("role",)},
    START: {("workflow",)},
}
"""Built-in event -> what it must say to concern a workflow at all."""


def fields_compared(rulebook: Rulebook, event_type: str) -> frozenset[Path]:
    """Return the paths, inside the data, that conditions about events of this type read.

    A condition is an ``if``, a list that is gone through, or what stands before the ``?`` of an
    expression; of a workflow, an ``if`` of its start or of a step. What is only passed on, and what
    only makes a key, is none.
    """
    found = {
        path
        for definition, _ in rulebook.by_type.get(event_type, ())
        for node, elements in _conditions(definition, event_type)
        for path in _in_data(node, elements, event_type)
    }
    return frozenset(found.union(_ADDRESSES.get(event_type, ())))


def _conditions(definition: Definition, event_type: str) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield what decides, with the names under which such an event stands in ``events``."""
    match definition:
        case Rule(guard=guard, for_each=for_each, actions=actions):
            yield from ((node, frozenset()) for node in _trees(guard, for_each))
            yield from ((node, frozenset()) for node in _of_actions(actions))
        case StatefulRule(elements=elements, actions=actions, otherwise=otherwise):
            own = [each for each in elements if each.event_type == event_type]
            yield from ((node, frozenset()) for each in own for node in _trees(each.guard))
            names = frozenset(each.name for each in own)
            yield from ((node, names) for node in _of_actions((*actions, *otherwise)))
        case Workflow(plan=plan):
            starts = [each for each in plan.starts if each.event_type == event_type]
            yield from ((node, frozenset()) for each in starts for node in _trees(each.guard))
            if starts or event_type == START:
                yield from ((node, frozenset()) for node in _of_steps(plan.steps))
        case _:
            return


def _of_steps(steps: Sequence[Step]) -> Iterator[Node]:
    for step in steps:
        yield from _trees(step.guard)
        if isinstance(step.work, Group):
            yield from _of_steps(step.work.steps)


def _of_actions(actions: Sequence[Action]) -> Iterator[Node]:
    for action in actions:
        yield from _trees(action.guard, action.for_each)
        if action.data is not None:
            for _, tree in action.data.trees:
                nodes = (node for node, _ in walk(tree))
                yield from (node.test for node in nodes if isinstance(node, Conditional))


def _trees(*expressions: Expression | None) -> Iterator[Node]:
    return (each.tree for each in expressions if each is not None)


def _in_data(node: Node, elements: frozenset[str], event_type: str) -> Iterator[Path]:
    for path in fields_read(node):
        match path:
            case ("input", *_) if event_type == START:  # an order has the input in its data
                yield tuple(path)
            case ("data" | "input", *rest):
                yield tuple(rest)
            case ("event", "data", *rest):
                yield tuple(rest)
            case ("events", name, "data", *rest) if name in elements:
                yield tuple(rest)
