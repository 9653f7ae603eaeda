"""One expression, compiled. The door to the language for whoever holds a single condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression.failure import EvaluationError
from orchestrator.core.expression.generate import Generator
from orchestrator.core.expression.kinds import static_kind
from orchestrator.core.expression.origin import Locate, Origin, Site
from orchestrator.core.expression.parser import parse
from orchestrator.core.expression.program import Program
from orchestrator.core.expression.syntax import (
    Field,
    Node,
    Root,
    static_path,
    walk,
    written_paths,
)
from orchestrator.core.expression.tokens import SourceError
from orchestrator.core.expression.values import require_bool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.core.expression.program import Evaluate, Scope
    from orchestrator.core.expression.values import Kind

ROOTS: Final = frozenset({"data", "event", "now"})
"""The names that every expression may read."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression: a pure function of a scope.

    A scope maps each root to JSON values, aware datetimes and timedeltas. Only the roots that an
    evaluation reaches are looked up, so a scope may build them on demand.

    Attributes:
        source: the text.
        roots: the names of the scope that it reads.
        references: the paths it needs, as far as they are known from the text: ("data", "region").
        reads: the paths it reads, those that it only asks for by ``has`` or ``get`` among them, and
            what it projects over: ("steps", "*", "output").
        tree: its syntax, for whoever knows more of the data than the text tells.
        kind: the kind of all its values, None if that depends on the data.
        function: evaluates it; the same as a call, one step shorter.
        holds: evaluates it as a condition; an ExpressionError if the value is not true or false.
    """

    source: str
    roots: frozenset[str]
    references: frozenset[tuple[str, ...]]
    reads: frozenset[tuple[str, ...]]
    tree: Node
    kind: Kind | None
    function: Evaluate
    holds: Callable[[Scope], bool]

    def __call__(self, scope: Scope) -> object:
        """Return the value for a scope.

        Raises:
            ExpressionError: it has none, with the place and the reason, without the data.
        """
        return self.function(scope)


def compile_expression(
    source: str, locate: Locate | None = None, *, roots: frozenset[str] = ROOTS
) -> Expression:
    """Compile the text of an expression.

    Args:
        source: the text.
        locate: gives the place of a character of the text; called only when an error is shown.
        roots: the names it may use.

    Raises:
        ExpressionError: it is none, uses an unknown name or function, or is too large.
    """
    origin = Origin(source, locate)
    try:
        tree = parse(source, roots)
    except SourceError as error:
        raise origin.error(error.message, error.offset) from None
    program = Program()
    function = program.function(Generator(program, origin).code(tree))
    kind, reading = static_kind(tree), Reading.of([tree])
    return Expression(
        source=source,
        roots=reading.roots,
        references=reading.references,
        reads=reading.reads,
        tree=tree,
        kind=kind,
        function=function,
        holds=function if kind == "bool" else _condition(function, Site(tree, origin)),  # type: ignore[arg-type]  # its values are bools
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What expressions read from a scope.

    Attributes:
        roots: the names.
        references: the longest paths from a name that are needed, as far as the text tells.
        reads: every path from a name as it is written, asked for or needed.
    """

    roots: frozenset[str]
    references: frozenset[tuple[str, ...]]
    reads: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, trees: Iterable[Node]) -> Reading:
        """Return what these expressions read."""
        nodes = [node for tree in trees for node, _ in walk(tree)]
        paths = {static_path(node) for node in nodes if isinstance(node, Root | Field)}
        known = {path for path in paths if path}
        return cls(
            roots=frozenset(path[0] for path in known),
            references=frozenset(known - {path[:-1] for path in known}),
            reads=written_paths(nodes),
        )


def _condition(function: Evaluate, site: Site) -> Callable[[Scope], bool]:
    def holds(scope: Scope) -> bool:
        try:
            held = function(scope)
            # The two that it may be, before the call that refuses all else: a hundred are asked.
            return held if held is True or held is False else require_bool(held)
        except EvaluationError as failure:
            raise site.error(f"{failure}, in `{site.quote()}`") from None

    return holds
