"""A JSON value with ``${...}`` in its strings, compiled. Knows nothing of what it is sent as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from orchestrator.core.expression.expression import ROOTS, Reading
from orchestrator.core.expression.generate import Generator
from orchestrator.core.expression.origin import Origin
from orchestrator.core.expression.parser import parse_embedded
from orchestrator.core.expression.program import Program
from orchestrator.core.expression.syntax import Node, static_path
from orchestrator.core.expression.text import concatenated, to_json
from orchestrator.core.expression.tokens import SourceError
from orchestrator.core.problem import Position
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    import ast

    from orchestrator.core.expression.program import Evaluate, Scope

Path = tuple[str | int, ...]
LocateIn = Callable[[Path, int], Position]
"""Gives the place of a character of the string at a path inside a value."""

_OPEN: Final = "${"
_ESCAPED: Final = "$${"
_STRUCTURE: Final = 1
"""The line of code that belongs to no expression and cannot fail."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A compiled template: a pure function of a scope to a JSON value.

    A string that is one ``${...}`` keeps the kind of its value; timestamps and durations become
    strings. In a longer string the values are printed as by ``string(...)``. What it takes from
    the event's data as it is, it shares with the event.

    Attributes:
        roots: the names of the scope that it reads.
        references: the paths it needs, as far as they are known from the text.
        reads: the paths it reads, as of an `Expression`.
        trees: the syntax of its expressions, each with the path of the string it stands in.
        function: evaluates it; the same as a call, one step shorter.
    """

    roots: frozenset[str]
    references: frozenset[tuple[str, ...]]
    reads: frozenset[tuple[str, ...]]
    trees: tuple[tuple[Path, Node], ...]
    function: Evaluate

    @property
    def is_constant(self) -> bool:
        """Whether it holds no expression at all."""
        return not self.trees

    def __call__(self, scope: Scope) -> object:
        """Return the value for a scope.

        Raises:
            ExpressionError: an expression has none, with the place and the reason.
        """
        return self.function(scope)


def compile_template(
    value: object,
    locate: LocateIn | None = None,
    *,
    roots: frozenset[str] = ROOTS,
    on_error: Callable[[ExpressionError], None] | None = None,
) -> Template:
    """Compile a JSON value.

    Args:
        value: None, bool, int, float, str, and lists and dicts of these.
        locate: gives the place of a character of one of its strings.
        roots: the names its expressions may use.
        on_error: is told every error, before the first of them is raised.

    Raises:
        ExpressionError: an expression is none, uses an unknown name or function, or is too large.
    """
    compiler = _Compiler(locate, roots)
    body = compiler.code(value, ())
    for error in compiler.errors:
        if on_error:
            on_error(error)
    if compiler.errors:
        raise compiler.errors[0]
    reading = Reading.of(tree for _, tree in compiler.trees)
    return Template(
        roots=reading.roots,
        references=reading.references,
        reads=reading.reads,
        trees=tuple(compiler.trees),
        function=compiler.program.function(body),
    )


class _Compiler:
    """Walks a value once, collecting code, trees and errors."""

    def __init__(self, locate: LocateIn | None, roots: frozenset[str]) -> None:
        self.program = Program()
        self.trees: list[tuple[Path, Node]] = []
        self.errors: list[ExpressionError] = []
        self._locate = locate
        self._roots = roots

    def code(self, value: object, path: Path) -> ast.expr:
        """Return the code that builds a value."""
        emit = self.program.emit
        if isinstance(value, str):
            origin = Origin(value, partial(self._locate, path) if self._locate else None)
            return self._string(value, origin, path)
        if isinstance(value, list):
            items = [self.code(item, (*path, number)) for number, item in enumerate(value)]
            return emit.list_of(_STRUCTURE, items)
        if isinstance(value, dict):
            self._refuse_keys(value, path)
            items = [self.code(item, (*path, key)) for key, item in value.items()]
            return emit.map_of(_STRUCTURE, list(value), items)
        return emit.constant(_STRUCTURE, value)

    def _refuse_keys(self, value: dict[str, object], path: Path) -> None:
        for key in value:
            if _OPEN in key:
                place = self._locate((*path, key), 0) if self._locate else None
                message = "a field name cannot hold an expression: only values can"
                self.errors.append(ExpressionError(message, place))

    def _string(self, text: str, origin: Origin, path: Path) -> ast.expr:
        emit = self.program.emit
        pieces = self._pieces(text, origin)
        self.trees += [(path, piece) for piece in pieces if isinstance(piece, Node)]
        if not pieces:
            return emit.constant(_STRUCTURE, "")
        if len(pieces) > 1:
            parts = [self._part(piece, origin) for piece in pieces]
            return emit.paid(_STRUCTURE, concatenated, *parts)
        code = self._part(pieces[0], origin)
        if isinstance(pieces[0], str) or _is_json(pieces[0]):
            return code
        return emit.paid(code.lineno, to_json, code)

    def _part(self, piece: str | Node, origin: Origin) -> ast.expr:
        if isinstance(piece, str):
            return self.program.emit.constant(_STRUCTURE, piece)
        return Generator(self.program, origin).code(piece)

    def _pieces(self, text: str, origin: Origin) -> list[str | Node]:
        """Split a string into plain text and expressions; after an error go on behind it."""
        pieces: list[str | Node] = []
        plain, offset = "", 0
        while (found := text.find(_OPEN, offset)) >= 0:
            plain += text[offset:found]
            offset = found + len(_OPEN)
            if text.startswith(_ESCAPED, found - 1) and plain.endswith("$"):
                plain = plain[:-1] + _OPEN
                continue
            if plain:
                pieces.append(plain)
            plain = ""
            try:
                tree, offset = parse_embedded(text, offset, self._roots)
            except SourceError as error:
                self.errors.append(origin.error(error.message, error.offset))
            else:
                pieces.append(tree)
        plain += text[offset:]
        return [*pieces, plain] if plain else pieces


def _is_json(tree: Node) -> bool:
    """Tell whether a value needs no conversion: it is a part of the event's own data."""
    path = static_path(tree)
    return path is not None and path[0] == "data"
