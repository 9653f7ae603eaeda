"""Takes a condition apart and says what each clause of it came to. Pure; knows no rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrator.core.expression import Budget, compile_expression, syntax
from orchestrator.core.expression.paths import MISSING, follow
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.expression import Expression, Scope

Path: TypeAlias = tuple[str, ...]

_CLAUSES_KEPT: Final = 1024
_TYPE: Final = ("event", "type")


@dataclass(frozen=True, slots=True)
class Operand:
    """Something that a clause looks at.

    Attributes:
        source: as it is written, such as ``data.amount``.
        value: what it was; None where it is missing.
        missing: whether the event does not have it.
    """

    source: str
    value: object
    missing: bool = False

    @property
    def name(self) -> str:
        """The last name of its path: what tells a secret."""
        return self.source.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a condition, and what it came to for one event.

    Attributes:
        source: as it is written, on one line.
        holds: whether it holds; None where that cannot be told.
        problem: why it cannot; empty where it can.
        operands: what it looks at; empty where it consists of `parts`.
        parts: the clauses between ``&&`` or ``||``.
        any_part: whether one of its parts is enough.
    """

    source: str
    holds: bool | None
    problem: str = ""
    operands: tuple[Operand, ...] = ()
    parts: tuple[Clause, ...] = ()
    any_part: bool = False

    @property
    def conjuncts(self) -> tuple[Clause, ...]:
        """Return the clauses that must all hold: its parts, or itself."""
        return self.parts if self.parts and not self.any_part else (self,)

    @property
    def decisive(self) -> tuple[Clause, ...]:
        """Return the first clause that keeps it from holding, in full; nothing if it holds."""
        if self.holds:
            return ()
        if not self.parts:
            return (self,)
        if self.any_part:  # every part has a share in it
            return tuple(leaf for part in self.parts for leaf in part.decisive)
        return next(part.decisive for part in self.parts if not part.holds)

    @property
    def closeness(self) -> float:
        """Return how much of it holds, from 0 to 1."""
        if self.holds:
            return 1.0
        shares = [part.closeness for part in self.parts]
        if not shares:
            return 0.0
        return max(shares) if self.any_part else sum(shares) / len(shares)


def weigh(condition: Expression, scope: Scope) -> Clause:
    """Return what each clause of `condition` comes to.

    Every clause is asked, also behind one that is false: what a person mends first is only a
    part of the answer.

    Args:
        condition: a guard.
        scope: what it reads.
    """
    # A condition that was joined from several has a tree of several texts: its source has it all.
    whole = _compile(condition.source, condition.roots)
    return _weigh(whole, whole.tree, scope)


def _weigh(condition: Expression, node: syntax.Node, scope: Scope) -> Clause:
    if not isinstance(node, syntax.Junction):
        return _leaf(condition, node, scope)
    any_part = node.operator == "||"
    operands = _of_its_type(node.operands, scope) if any_part else node.operands
    if len(operands) == 1:
        return _weigh(condition, operands[0], scope)
    parts = tuple(_weigh(condition, operand, scope) for operand in operands)
    verdict = _verdict([part.holds for part in parts], decides=any_part)
    problem = next((part.problem for part in parts if part.problem), "")
    return Clause(
        _text(condition, node),
        verdict,
        problem if verdict is None else "",
        parts=parts,
        any_part=any_part,
    )


def _of_its_type(operands: Sequence[syntax.Node], scope: Scope) -> Sequence[syntax.Node]:
    """Return the alternatives without the test for another type than the event's.

    That is how the conditions of several event types are joined, and nobody wrote it.
    """
    others = [node for node in operands if not _is_for_another_type(node, scope)]
    return others or operands


def _is_for_another_type(node: syntax.Node, scope: Scope) -> bool:
    match node:
        case syntax.Comparison(operator="!=", left=left, right=syntax.Constant(value=value)):
            path = syntax.static_path(left)
            return path == _TYPE and follow_path(_TYPE, scope) == value
    return False


def _verdict(found: list[bool | None], *, decides: bool) -> bool | None:
    """Return what the engine would say, which asks from left to right until one `decides`."""
    for verdict in found:
        if verdict is None:
            return None
        if verdict is decides:
            return decides
    return not decides


def _leaf(condition: Expression, node: syntax.Node, scope: Scope) -> Clause:
    source = _text(condition, node)
    operands = tuple(_operands(condition, node, scope))
    try:
        holds = _compiled(condition, node).holds(scope)
    except ExpressionError as error:
        return Clause(source, None, error.message, operands)
    return Clause(source, holds, operands=operands)


def _operands(condition: Expression, node: syntax.Node, scope: Scope) -> Iterator[Operand]:
    """Yield the fields a clause reads, then what it computes to compare with."""
    for path in sorted(fields_read(node)):
        value = follow_path(path, scope)
        missing = value is MISSING
        yield Operand(".".join(path), None if missing else value, missing)
    for side in _sides(node):
        if isinstance(side, syntax.Get) and _is_there(side, scope):
            continue  # its value has just been told
        try:
            yield Operand(_text(condition, side), _compiled(condition, side)(scope))
        except ExpressionError:
            continue  # the clause itself tells why


def _sides(node: syntax.Node) -> Iterator[syntax.Node]:
    """Yield the sides of a comparison that are computed: a constant or a field needs no telling."""
    match node:
        case syntax.Comparison(left=left, right=right):
            sides: tuple[syntax.Node, ...] = (left, right)
        case syntax.Membership(item=item, container=container):
            sides = (item, container)
        case _:
            return
    for side in sides:
        plain = isinstance(side, syntax.Constant | syntax.ListOf | syntax.Root)
        if not plain and not syntax.static_path(side):
            yield side


def _is_there(node: syntax.Get, scope: Scope) -> bool:
    path = _path(node)
    return path is not None and follow_path(path, scope) is not MISSING


def fields_read(node: syntax.Node) -> frozenset[Path]:
    """Return the longest paths of constant names that a node reads; ``now`` is none."""
    paths = {path for each, _ in syntax.walk(node) if (path := _path(each))}
    known = {path for path in paths if len(path) > 1}
    return frozenset(known - {path[:size] for path in known for size in range(2, len(path))})


def _path(node: syntax.Node) -> Path | None:
    if not isinstance(node, syntax.Has | syntax.Get):
        return syntax.static_path(node)
    base = syntax.static_path(node.base)
    names = [step.value for step in node.steps if isinstance(step, syntax.Constant)]
    texts = [name for name in names if isinstance(name, str)]
    return (*base, *texts) if base and len(texts) == len(node.steps) else base


def follow_path(path: Path, scope: Scope) -> object:
    """Return what a path leads to in a scope, ``MISSING`` if nowhere."""
    try:
        root = scope[path[0]]
    except KeyError:
        return MISSING
    return follow(Budget(), root, path[1:])


def _text(condition: Expression, node: syntax.Node) -> str:
    """Return the source of a node, on one line and without brackets around it all."""
    text = " ".join(condition.source[node.start : node.end].split())
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    """Return where the bracket is closed that `text` begins with."""
    depth = 0
    for at, one in enumerate(text):
        depth += (one == "(") - (one == ")")
        if not depth:
            return at
    return -1


def _compiled(condition: Expression, node: syntax.Node) -> Expression:
    return _compile(condition.source[node.start : node.end], condition.roots)


@lru_cache(_CLAUSES_KEPT)
def _compile(source: str, roots: frozenset[str]) -> Expression:
    return compile_expression(source, roots=roots)
