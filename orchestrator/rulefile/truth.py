"""How a condition can come out, given what its values can be. Evaluates nothing, knows no file.

Never says less than there is: a way to come out that is possible is always among the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from orchestrator.core.expression import syntax
from orchestrator.core.expression.failure import EvaluationError
from orchestrator.rulefile.possible import ANYTHING, MISSING, Possible, stands, word

if TYPE_CHECKING:
    from orchestrator.rulefile.possible import Order, Word

Path: TypeAlias = tuple[str, ...]

Look: TypeAlias = Callable[[Path], Possible | None]
"""What there can be at a path that begins with a root; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the values that a condition reads.

    Attributes:
        look: what is known from the start.
        narrowed: what is known better since.
    """

    look: Look
    narrowed: Mapping[Path, Possible]

    def at(self, path: Path) -> Possible:
        """Return what there can be at a path."""
        found = self.narrowed.get(path)
        return found if found is not None else self.look(path) or ANYTHING

    def having(self, path: Path, possible: Possible) -> State | None:
        """Return the state in which there is no more than that at a path; None for no state."""
        if possible.nothing:
            return None
        return State(self.look, {**self.narrowed, path: possible})

    def or_(self, other: State) -> State:
        """Return a state that is as wide as both."""
        both = self.narrowed.keys() & other.narrowed.keys()
        narrowed = {path: self.at(path).or_(other.at(path)) for path in both}
        return State(self.look, narrowed)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a condition can come out.

    Attributes:
        true: a state wide enough for all values for which it is true; None where there are none.
        false: the same for false.
        fails: whether it may fail, such as on a field that is missing.
    """

    true: State | None
    false: State | None
    fails: bool = False

    @property
    def inverse(self) -> Ways:
        """How its negation can come out."""
        return Ways(self.false, self.true, self.fails)


_Split: TypeAlias = tuple[Possible, Possible, bool]
"""What is left of a value where a test on it holds, where it does not, and whether it may fail."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A test of one value.

    Attributes:
        split: of a value of which some is known.
        holds: for a value that is known; None where it fails.
    """

    split: Callable[[Possible], _Split]
    holds: Callable[[Word], bool | None]


_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TRUE: Final[Word] = ("bool", True)
_FALSE: Final[Word] = ("bool", False)


def ways(node: syntax.Node, state: State) -> Ways:  # noqa: C901, PLR0911  # one case per node class
    """Return how a condition can come out for values within `state`."""
    match node:
        case syntax.Constant(value=bool() as value):
            return Ways(state if value else None, None if value else state)
        case syntax.Not(operand=operand):
            return ways(operand, state).inverse
        case syntax.Junction(operator="&&", operands=operands):
            return _all(operands, state)
        case syntax.Junction(operands=operands):
            return _any(operands, state)
        case syntax.Conditional(test=test, then=then, otherwise=otherwise):
            return _chosen(ways(test, state), then, otherwise)
        case syntax.Has(base=base, steps=steps):
            return _has(_path(base, steps), state)
        case syntax.Comparison():
            return _compared(node, state)
        case syntax.Membership(item=item, container=syntax.ListOf(items=items)):
            return _among(item, items, state)
    return _tested(node, _IS_TRUE, state)


def _unknown(state: State) -> Ways:
    return Ways(state, state, fails=True)


def _all(operands: tuple[syntax.Node, ...], state: State) -> Ways:
    """Return how ``&&`` comes out: each operand is asked only where those before it are true."""
    true: State | None = state
    false: State | None = None
    fails = False
    for operand in operands:
        if true is None:
            break
        found = ways(operand, true)
        true, false, fails = found.true, _either(false, found.false), fails or found.fails
    return Ways(true, false, fails)


def _any(operands: tuple[syntax.Node, ...], state: State) -> Ways:
    false: State | None = state
    true: State | None = None
    fails = False
    for operand in operands:
        if false is None:
            break
        found = ways(operand, false)
        false, true, fails = found.false, _either(true, found.true), fails or found.fails
    return Ways(true, false, fails)


def _chosen(test: Ways, then: syntax.Node, otherwise: syntax.Node) -> Ways:
    nothing = Ways(None, None)
    first = ways(then, test.true) if test.true else nothing
    second = ways(otherwise, test.false) if test.false else nothing
    return Ways(
        _either(first.true, second.true),
        _either(first.false, second.false),
        test.fails or first.fails or second.fails,
    )


def _either(one: State | None, other: State | None) -> State | None:
    if one is None or other is None:
        return one or other
    return one.or_(other)


def _has(path: Path | None, state: State) -> Ways:
    if path is None or state.look(path) is None:
        return Ways(state, state, fails=True)
    found = state.at(path)
    there = state.having(path, found.present)
    return Ways(there, state.having(path, MISSING) if found.absent else None)


def _compared(node: syntax.Comparison, state: State) -> Ways:
    operator, operand, constant = node.operator, node.left, node.right
    if isinstance(operand, syntax.Constant):
        operand, constant = constant, operand
        operator = cast("syntax.ComparisonOperator", _MIRRORED.get(operator, operator))
    other = _word(constant)
    if other is None:
        return _unknown(state)
    if operator in {"==", "!="}:
        found = _tested(operand, _equality(frozenset({other})), state)
        return found if operator == "==" else found.inverse
    return _tested(operand, _ordering(cast("Order", operator), other), state)


def _among(item: syntax.Node, items: tuple[syntax.Node, ...], state: State) -> Ways:
    words = frozenset(one for each in items if (one := _word(each)) is not None)
    if len(words) < len(items):
        return _unknown(state)
    return _tested(item, _equality(words), state)


def _tested(node: syntax.Node, test: _Test, state: State) -> Ways:
    """Return how a test of the value of a node comes out."""
    match node:
        case syntax.Field():
            path, default = syntax.static_path(node), None
        case syntax.Get(base=base, steps=steps, default=default_node):
            path, default = _path(base, steps), _word(default_node)
            if default is None:
                return _unknown(state)
        case _:
            return _unknown(state)
    if path is None or state.look(path) is None:
        return _unknown(state)
    return _tested_at(path, default, test, state)


def _tested_at(path: Path, default: Word | None, test: _Test, state: State) -> Ways:
    found = state.at(path)
    true, false, fails = test.split(found.present)
    if found.absent:
        holds = None if default is None else test.holds(default)
        fails = fails or holds is None
        true = replace(true, absent=True) if holds is True else true
        false = replace(false, absent=True) if holds is False else false
    return Ways(state.having(path, true), state.having(path, false), fails)


def _split_truth(value: Possible) -> _Split:
    return value.only([_TRUE]), value.only([_FALSE]), value.kinds != {"bool"}


_IS_TRUE: Final = _Test(_split_truth, {_TRUE: True, _FALSE: False}.get)


def _equality(words: frozenset[Word]) -> _Test:
    return _Test(
        lambda value: (value.only(words), value.without(words), False), lambda one: one in words
    )


def _ordering(order: Order, other: Word) -> _Test:
    kind = other[0]
    if kind not in {"number", "string"}:
        return _Test(lambda value: (value.only(()), value.only(()), True), lambda _: None)
    return _Test(
        lambda value: (
            value.ordered(order, other),
            value.disordered(order, other),
            value.kinds != {kind},
        ),
        lambda one: stands(one, order, other) if one[0] == kind else None,
    )


def _path(base: syntax.Node, steps: tuple[syntax.Node, ...]) -> Path | None:
    """Return what ``has`` or ``get`` asks for; None where that is no plain path from a root."""
    if not isinstance(base, syntax.Root):
        return None
    names = [step.value for step in steps if isinstance(step, syntax.Constant)]
    if len(names) < len(steps) or not all(isinstance(name, str) for name in names):
        return None
    return (base.name, *map(str, names))


def _word(node: syntax.Node) -> Word | None:
    if not isinstance(node, syntax.Constant):
        return None
    try:
        return word(node.value)
    except EvaluationError:  # a pattern
        return None
