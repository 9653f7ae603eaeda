"""Syntax tree to Python expression tree. Knows no source text and runs nothing.

A name of the source never becomes a Python name or attribute: roots and fields are constants in
subscriptions, macro variables are numbered. Every Python node carries as its line the number of
the syntax node it came from, which is how a failure finds its place again and costs nothing while
all goes well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.core.expression import arithmetic, comparisons, listing, macros, paths, syntax
from orchestrator.core.expression.emit import FIRST_LINE, local_name
from orchestrator.core.expression.kinds import static_kind
from orchestrator.core.expression.origin import Origin, Site
from orchestrator.core.expression.values import require_bool

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

    from orchestrator.core.expression.program import Program

_ARITHMETIC: Final[dict[syntax.ArithmeticOperator, Callable[..., object]]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "%": arithmetic.remainder,
}
_MACROS: Final[dict[syntax.MacroName, Callable[..., object]]] = {
    "all": macros.every,
    "exists": macros.some,
    "exists_one": macros.exactly_one,
    "filter": macros.chosen,
    "map": macros.mapped,
}


class Generator:
    """Generates the code of the expressions of one text, as a part of a program."""

    def __init__(self, program: Program, origin: Origin) -> None:
        self.emit = program.emit
        self._sites = program.sites
        self._origin = origin

    def code(self, node: syntax.Node) -> ast.expr:  # noqa: C901, PLR0911, PLR0912  # one case per node class
        """Return the code of a node."""
        line = len(self._sites) + FIRST_LINE
        self._sites.append(Site(node, self._origin))
        match node:
            case syntax.Constant():
                return self.emit.constant(line, node.value)
            case syntax.Root():
                return self.emit.root(line, node.name)
            case syntax.Local():
                return self.emit.name(line, local_name(node.level))
            case syntax.Field():
                return self._field(line, node)
            case syntax.Index():
                return self._paid(line, paths.index, node.receiver, node.key)
            case syntax.Projection():
                path = self.emit.strings(line, node.path)
                return self.emit.paid(line, paths.project, self.code(node.receiver), path)
            case syntax.Not():
                return self.emit.negation(line, self.truth(node.operand))
            case syntax.Negation():
                return self._paid(line, arithmetic.negate, node.operand)
            case syntax.Arithmetic():
                return self._paid(line, _ARITHMETIC[node.operator], node.left, node.right)
            case syntax.Comparison():
                return comparisons.comparison(self.emit, line, node, self.code)
            case syntax.Membership():
                return comparisons.membership(self.emit, line, node, self.code)
            case syntax.Junction():
                operands = [self.truth(operand) for operand in node.operands]
                join = self.emit.both if node.operator == "&&" else self.emit.either
                return join(line, *operands)
            case syntax.Conditional():
                test, then = self.truth(node.test), self.code(node.then)
                return self.emit.choice(line, test, then, self.code(node.otherwise))
            case syntax.ListOf():
                return self.emit.list_of(line, self._each(node.items))
            case syntax.MapOf():
                return self._map(line, node)
            case syntax.Call():
                return self._paid(line, node.function.apply, *node.arguments)
            case syntax.Has():
                return self.emit.paid(line, paths.has, *self._path(line, node.base, node.steps))
            case syntax.Get():
                return self._get(line, node)
            case syntax.Macro():
                return self._macro(line, node)
        raise TypeError(f"no code for {type(node).__name__}")

    def truth(self, node: syntax.Node) -> ast.expr:
        """Return the code of a node whose value must be true or false."""
        code = self.code(node)
        if static_kind(node) == "bool":
            return code
        line = code.lineno
        kept = self.emit.kept(line)
        refused = self.emit.call(line, require_bool, kept)
        return self.emit.either(
            line,
            self.emit.is_(line, self.emit.keep(line, code), value=True),
            self.emit.both(line, self.emit.is_not(line, kept, value=False), refused),
        )

    def _paid(self, line: int, function: Callable[..., object], *operands: syntax.Node) -> ast.expr:
        return self.emit.paid(line, function, *self._each(operands))

    def _each(self, nodes: Sequence[syntax.Node]) -> list[ast.expr]:
        return [self.code(node) for node in nodes]

    def _field(self, line: int, node: syntax.Field) -> ast.expr:
        receiver = self.code(node.receiver)
        if is_plain_path(node):
            return self.emit.item(line, receiver, node.name)
        return self.emit.paid(line, paths.field, receiver, self.emit.constant(line, node.name))

    def _path(self, line: int, base: syntax.Node, steps: Sequence[syntax.Node]) -> list[ast.expr]:
        names = [step.value for step in steps if isinstance(step, syntax.Constant)]
        if len(names) == len(steps):
            return [self.code(base), self.emit.strings(line, names)]
        return [self.code(base), self.emit.tuple_of(line, self._each(steps))]

    def _get(self, line: int, node: syntax.Get) -> ast.expr:
        """Generate code that evaluates the default only when it is needed."""
        found = self.emit.paid(line, paths.follow, *self._path(line, node.base, node.steps))
        missing = self.emit.call(line, paths.is_missing, self.emit.keep(line, found))
        return self.emit.choice(line, missing, self.code(node.default), self.emit.kept(line))

    def _map(self, line: int, node: syntax.MapOf) -> ast.expr:
        names = [key.value for key in node.keys if isinstance(key, syntax.Constant)]
        items = self._each(node.items)
        if len(names) == len(node.keys):
            return self.emit.map_of(line, [str(name) for name in names], items)
        keys = self.emit.tuple_of(line, self._each(node.keys))
        return self.emit.paid(line, listing.fresh_map, keys, self.emit.tuple_of(line, items))

    def _macro(self, line: int, node: syntax.Macro) -> ast.expr:
        truths = node.name != "map"
        body = self.truth(node.body) if truths else self.code(node.body)
        return self.emit.paid(
            line,
            _MACROS[node.name],
            self.code(node.receiver),
            self.emit.constant(line, sum(1 for _ in syntax.walk(node.body))),
            self.emit.function(line, local_name(node.level), body),
        )


def is_plain_path(node: syntax.Node) -> bool:
    """Tell whether a node is fields of fields of a name, which Python's own subscription can do.

    On anything but a map, subscription with a string fails, so it needs no check while all is well.
    """
    while isinstance(node, syntax.Field):
        node = node.receiver
    return isinstance(node, syntax.Root | syntax.Local)
