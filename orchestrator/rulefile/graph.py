"""What leads to what: messages, rules and services as nodes and arrows. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.core.definitions import Rule
from orchestrator.core.scheduled import ScheduledRule
from orchestrator.core.stateful import Absent, AtLeast, Count, InSequence, StatefulRule
from orchestrator.core.workflow import Workflow
from orchestrator.core.workflow.definition import Awaited, Command, Group, Run
from orchestrator.rulefile.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from orchestrator.core.decision import Definition
    from orchestrator.core.definitions import Action, Rulebook
    from orchestrator.core.workflow.definition import Plan, Step
    from orchestrator.rulefile.messages import MessageCatalog

NodeKind = Literal["event", "command", "rule", "memory", "schedule", "workflow", "service"]

_MESSAGES = frozenset({"event", "command"})
_LONGEST_NOTE = 44


@dataclass(frozen=True, slots=True)
class Node:
    """Something that a message comes from or goes to, or a type of message.

    Attributes:
        kind: what it is.
        name: of the type, the rule or the service; unique among nodes that are not rules or not
            messages or not services.
        notes: what else there is to say, a line each.
    """

    kind: NodeKind
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """One thing leads to another.

    Attributes:
        source: where it begins.
        target: where it ends.
        note: what to write on it; may be empty.
        timed: it takes time, or time alone sets it off.
    """

    source: Node
    target: Node
    note: str = ""
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and arrows, in the order of the rules; every arrow's ends are among the nodes."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def around(self, rules: Collection[str], types: Collection[str]) -> Graph:
        """Return the part that has to do with some rules, or with some types of message.

        That is the rules, their messages and those who send and receive these; of a type, the
        rules that wait for it or send it as well.
        """
        seeds = {
            node
            for node in self.nodes
            if node.name in (types if node.kind in _MESSAGES else rules) and node.kind != "service"
        }
        asked = seeds | {node for node in self._beside(seeds) if node.kind not in _MESSAGES}
        asked = {node for node in asked if node.kind != "service"}
        messages = {node for node in self._beside(asked) if node.kind in _MESSAGES}
        services = {node for node in self._beside(messages) if node.kind == "service"}
        kept = asked | messages | services
        return Graph(
            tuple(node for node in self.nodes if node in kept),
            tuple(a for a in self.arrows if a.source in kept and a.target in kept),
        )

    def _beside(self, nodes: Collection[Node]) -> set[Node]:
        ends = [(arrow.source, arrow.target) for arrow in self.arrows]
        return {b for a, b in ends if a in nodes} | {a for a, b in ends if b in nodes}


def draw(rulebook: Rulebook, catalog: MessageCatalog) -> Graph:
    """Return what rules do with messages, and which services send and receive these.

    Args:
        rulebook: the rules.
        catalog: what kind of message each type is, and who its documents say sends it.
    """
    drawing = _Drawing(catalog)
    for definition in rulebook.definitions:
        drawing.add(definition)
    return drawing.finished()


class _Drawing:
    """Collects nodes and arrows; what is added twice is there once."""

    def __init__(self, catalog: MessageCatalog) -> None:
        self._catalog = catalog
        self._nodes: dict[Node, None] = {}
        self._arrows: dict[Arrow, None] = {}
        self._runs: list[tuple[Node, str, str]] = []

    def add(self, definition: Definition) -> None:
        """Add a rule with what it waits for and what it sends."""
        match definition:
            case Rule():
                self._add_rule(definition)
            case StatefulRule():
                self._add_memory(definition)
            case ScheduledRule(name=name, schedule=schedule, actions=actions):
                self._send(
                    self._node("schedule", name, f"every {schedule.text}"), actions, timed=True
                )
            case Workflow(plan=plan):
                self._add_plan(plan)

    def finished(self) -> Graph:
        """Return everything, what workflows run, and the services at the ends of the messages."""
        workflows = {node.name: node for node in self._nodes if node.kind == "workflow"}
        for node, target, step in self._runs:
            self._arrow(node, workflows[target], step)
        for node in [node for node in self._nodes if node.kind in _MESSAGES]:
            for service in self._catalog.senders.get(node.name) or ():
                self._arrow(self._node("service", service), node)
            for service in self._catalog.receivers.get(node.name) or ():
                self._arrow(node, self._node("service", service))
        return Graph(tuple(self._nodes), tuple(self._arrows))

    def _add_rule(self, rule: Rule) -> None:
        asks = (f"if {rule.guard.source}",) if rule.guard else ()
        node = self._node("rule", rule.name, *asks)
        for trigger in rule.triggers:
            self._arrow(self._message(trigger), node)
        self._send(node, rule.actions, note="for each" if rule.for_each else "")

    def _add_memory(self, rule: StatefulRule) -> None:
        node = self._node("memory", rule.name, *_waits(rule))
        missed = isinstance(rule.pattern, Absent)
        for number, element in enumerate(rule.elements, start=1):
            note = str(number) if isinstance(rule.pattern, InSequence) else ""
            absent = missed and number > 1
            source = self._message(element.event_type)
            self._arrow(source, node, "unless it comes" if absent else note, timed=absent)
        time = f"after {spoken(rule.within)}" if rule.within else ""
        self._send(node, rule.actions, note=time if missed else "", timed=missed)
        self._send(node, rule.otherwise, note=f"otherwise, {time}", timed=True)

    def _add_plan(self, plan: Plan) -> None:
        steps = f"{len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}"
        within = (f"within {spoken(plan.timeout)}",) if plan.timeout else ()
        node = self._node("workflow", plan.name, steps, *within)
        for start in plan.starts:
            self._arrow(self._message(start.event_type), node)
        for name, work in _works(plan.steps):
            self._add_step(node, name, work)
        self._send(node, plan.then)
        self._send(node, plan.otherwise, note="otherwise")

    def _add_step(self, node: Node, name: str, work: Command | Awaited | Run) -> None:
        if isinstance(work, Run):
            self._runs.append((node, work.workflow, name))
            return
        if isinstance(work, Command):
            self._arrow(node, self._message(work.message.name), name)
        for answer in (*work.awaits, *work.fail_on):
            self._arrow(self._message(answer), node, name)

    def _send(
        self, node: Node, actions: Iterable[Action], *, note: str = "", timed: bool = False
    ) -> None:
        for action in actions:
            notes = [note] if note else []
            if action.for_each and "for each" not in notes:
                notes.append("for each")
            if action.after:
                notes.append(f"after {spoken(action.after)}")
            late = timed or action.after is not None
            self._arrow(node, self._message(action.message.name), ", ".join(notes), timed=late)

    def _message(self, name: str) -> Node:
        documented = self._catalog.types.get(name)
        return self._node(documented.kind if documented else "event", name)

    def _node(self, kind: NodeKind, name: str, *notes: str) -> Node:
        node = Node(kind, name, tuple(_short(note) for note in notes))
        self._nodes.setdefault(node)
        return node

    def _arrow(self, source: Node, target: Node, note: str = "", *, timed: bool = False) -> None:
        self._arrows.setdefault(Arrow(source, target, _short(note), timed))


def _waits(rule: StatefulRule) -> Iterator[str]:
    """Yield what a rule that remembers waits for, and by what it tells cases apart."""
    match rule.pattern:
        case AtLeast(number) if number == len(rule.elements):
            what = "all"
        case AtLeast(number):
            what = f"{number} of {len(rule.elements)}"
        case InSequence():
            what = "in this order"
        case Count(number):
            what = f"{number} times"
        case Absent():
            what = "not"
    yield f"{what} within {spoken(rule.within)}" if rule.within else what
    keys = dict.fromkeys(key.source for key in (rule.by or {}).values())
    if keys:
        yield f"by {', '.join(keys)}"


def _works(steps: Iterable[Step]) -> Iterator[tuple[str, Command | Awaited | Run]]:
    for step in steps:
        match step.work:
            case Group(steps=inner):
                yield from _works(inner)
            case Command() | Awaited() | Run() as work:
                yield step.name, work
        if step.compensation is not None:
            yield f"undo {step.name}", step.compensation.command


def _short(note: str) -> str:
    line = " ".join(note.split())
    return line if len(line) <= _LONGEST_NOTE else f"{line[: _LONGEST_NOTE - 1]}…"
