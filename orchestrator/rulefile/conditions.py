"""Finds conditions that come out the same for every event its schema accepts. Evaluates none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import syntax
from orchestrator.core.problem import Problem
from orchestrator.rulefile.known import Known
from orchestrator.rulefile.memories import Memory
from orchestrator.rulefile.possible import exactly
from orchestrator.rulefile.reactions import Reaction
from orchestrator.rulefile.truth import State, ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.rulefile.actions import ReadAction
    from orchestrator.rulefile.elements import ReadElement
    from orchestrator.rulefile.parts import Part
    from orchestrator.rulefile.possible import Possible
    from orchestrator.rulefile.rules import Draft
    from orchestrator.rulefile.truth import Look, Path, Ways

_ALL_COME: Final = frozenset({"all", "sequence", "count", "absent"})
"""Patterns that fire only once all events that their actions may read have come."""


def doubt_conditions(drafts: Iterable[Draft]) -> None:
    """Warn of every condition that is never true, or always, for what the schemas accept."""
    judge = _Judge()
    for draft in drafts:
        match draft.content:
            case Reaction() as reaction if reaction.when.whole:
                judge.reaction(draft.part, reaction)
            case Memory() as memory if memory.when.whole:
                judge.memory(memory)


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition in its place.

    Attributes:
        part: where it stands.
        tree: what it says.
        starts: what is possible before it is asked, one state for each type of event.
        never: what follows if it is never true.
    """

    part: Part
    tree: syntax.Node
    starts: Sequence[State]
    never: str


class _Judge:
    """Judges rules one after another, and remembers what the schemas say."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def reaction(self, part: Part, reaction: Reaction) -> None:
        """Judge the conditions of a rule without a memory, and those of its actions."""
        fitting: dict[str, list[State]] = {}
        for read in reaction.when.elements:
            fitting.setdefault(read.element.event_type, []).extend(self._counting(read))
        starts = [reduce(State.or_, states) for states in fitting.values() if states]
        if starts and reaction.condition is not None:
            written = part.child("if", reaction.texts["if"])
            tree = reaction.condition.tree
            starts = _judged(_Condition(written, tree, starts, "the rule never fires"))
        if starts:
            _judge_actions(reaction.actions, starts)

    def memory(self, memory: Memory) -> None:
        """Judge the conditions of a rule that remembers, at its events and at its actions."""
        counting = [(read, self._counting(read)) for read in memory.when.elements]
        if not all(states for _, states in counting):
            return
        kind = memory.when.kind
        came = counting[:1] if kind == "absent" else counting
        known = {read.element.name: self._of(read) for read, _ in came}
        possible: dict[Path, Possible] = {}
        if kind in _ALL_COME:
            for read, (state,) in came:
                possible |= _moved(state, read.element.name)
            _judge_actions(memory.then, [State(_remembered(known, all_came=True), possible)])
        else:
            _judge_actions(memory.then, [State(_remembered(known, all_came=False), {})])
        _judge_actions(memory.otherwise, [State(_remembered(known, all_came=False), {})])

    def _counting(self, read: ReadElement) -> list[State]:
        """Return what is possible of an event that counts; nothing if none ever does."""
        start = State(_alone(self._of(read)), {})
        if read.condition is None or read.element.guard is None:
            return [start]
        never = f"no {read.element.event_type} ever counts"
        return _judged(_Condition(read.condition, read.element.guard.tree, [start], never))

    def _of(self, read: ReadElement) -> Known:
        event_type = read.element.event_type
        if event_type not in self._known:
            self._known[event_type] = Known(event_type, read.data)
        return self._known[event_type]


def _alone(known: Known) -> Look:
    """Return what there can be where ``data`` and ``event`` are of one type of event."""

    def look(path: Path) -> Possible | None:
        if path[0] == "data":
            return known.at(path[1:])
        return exactly(("string", known.event_type)) if path == ("event", "type") else None

    return look


def _remembered(known: Mapping[str, Known], *, all_came: bool) -> Look:
    """Return what there can be under ``events``; ``data`` is that of any of them."""

    def look(path: Path) -> Possible | None:
        if path[0] != "events" or path[1:2] == () or path[1] not in known:
            return None
        if path[2:] == ("type",):
            found = exactly(("string", known[path[1]].event_type))
        elif path[2:3] == ("data",):
            found = known[path[1]].at(path[3:])
        else:  # whether it has come: to ask is prudent, even where there is no doubt
            return None
        return found if all_came else replace(found, absent=True)

    return look


def _moved(state: State, name: str) -> dict[Path, Possible]:
    """Return what is known of ``data`` as what is known of ``events.NAME.data``."""
    return {
        ("events", name, *path): possible
        for path, possible in state.narrowed.items()
        if path[0] == "data"
    }


def _judge_actions(actions: Iterable[ReadAction], starts: Sequence[State]) -> None:
    for read in actions:
        if read.action.guard is not None:
            part = read.part.all_entries()["if"]
            _judged(_Condition(part, read.action.guard.tree, starts, "the message is never sent"))


def _judged(condition: _Condition) -> list[State]:
    """Warn if a condition always comes out the same; return what is possible where it is true."""
    found = [ways(condition.tree, start) for start in condition.starts]
    true = [way.true for way in found if way.true is not None]
    if not true:
        _warn_of_never(condition)
    elif all(way.false is None and not way.fails for way in found):
        message = "by its schema this is always true: remove the `if`, or correct it"
        _warn(condition, 0, message)
    return true


def _warn_of_never(condition: _Condition) -> None:
    """Say which clause it is that cannot be true."""
    clause = _impossible(condition)
    alone = [ways(clause, State(start.look, {})).true for start in condition.starts]
    if any(alone):
        message = f"this contradicts what is asked before it: {condition.never}"
    else:
        message = f"by its schema this is never true: {condition.never}"
    _warn(condition, clause.start, message)


def _impossible(condition: _Condition) -> syntax.Node:
    """Return the first of the clauses joined by ``&&`` after which nothing is possible."""
    states = list(condition.starts)
    for clause in _clauses(condition.tree):
        found: list[Ways] = [ways(clause, state) for state in states]
        states = [way.true for way in found if way.true is not None]
        if not states:
            return clause
    return condition.tree


def _clauses(tree: syntax.Node) -> tuple[syntax.Node, ...]:
    if isinstance(tree, syntax.Junction) and tree.operator == "&&":
        return tree.operands
    return (tree,)


def _warn(condition: _Condition, offset: int, message: str) -> None:
    """Warn, unless something is wrong in the same place: that comes first, and may be why."""
    part = condition.part
    first = part.position.line
    last = part.document.locate(part.path, max(0, condition.tree.end - 1)).line
    here = part.position.file
    if not any(
        problem.position.file == here and first <= problem.position.line <= last
        for problem in part.problems
    ):
        place = part.document.locate(part.path, offset)
        part.problems.append(Problem(place, message, "warning"))
