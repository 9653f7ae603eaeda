"""Tokens to a syntax tree with every name resolved. Knows nothing of Python code or files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from orchestrator.core.expression import calls, hints, syntax
from orchestrator.core.expression.kinds import disorder
from orchestrator.core.expression.limits import MAX_DEPTH, MAX_NODES
from orchestrator.core.expression.tokens import (
    SourceError,
    Token,
    next_token,
    number_value,
    string_value,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_LEVELS: Final = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys("*/%", 5),
}
_RELATION: Final = 3
_WORDS: Final = {"true": True, "false": False, "null": None}


def parse(source: str, roots: AbstractSet[str]) -> syntax.Node:
    """Return the tree of an expression that is the whole of ``source``.

    Args:
        source: the text.
        roots: the names that may be used.

    Raises:
        SourceError: it is no expression.
    """
    parser = Parser(source, 0, roots)
    tree = parser.whole()
    if parser.token.kind != "end":
        raise parser.unexpected("an operator or the end")
    return tree


def parse_embedded(source: str, offset: int, roots: AbstractSet[str]) -> tuple[syntax.Node, int]:
    """Return the tree of the expression at ``offset`` and the offset behind its closing brace.

    Raises:
        SourceError: it is no expression, or no ``}`` follows.
    """
    parser = Parser(source, offset, roots)
    if parser.token.text == "}":
        raise SourceError("nothing stands between ${ and }", offset)
    tree = parser.whole()
    if parser.token.text != "}":
        raise parser.unexpected("}")
    return tree, parser.token.end


class Parser:
    """A parser in the middle of its work: one token ahead, and the names that are known here."""

    def __init__(self, source: str, begin: int, roots: AbstractSet[str]) -> None:
        self.source = source
        self.token = next_token(source, begin, begin)
        self.roots = roots
        self.variables: list[str] = []
        self._begin = begin
        self._nesting = 0
        self.previous = self.token

    def whole(self) -> syntax.Node:
        """Read an expression and see that it is not too large."""
        tree = self.expression()
        for count, (node, depth) in enumerate(syntax.walk(tree)):
            if depth > MAX_DEPTH:
                raise _too_deep(node.start)
            if count >= MAX_NODES:
                raise SourceError(f"more than {MAX_NODES:,} parts: split the rule", node.start)
        return tree

    def expression(self) -> syntax.Node:
        """Read ``test ? then : otherwise``, or what stands below it."""
        self._nest()
        test = self._operation(1)
        if self.accept("?"):
            then = self.expression()
            if not self.accept(":"):
                raise self.unexpected("the : of condition ? value : other")
            otherwise = self.expression()
            test = syntax.Conditional(test.start, otherwise.end, test, then, otherwise)
        self._nesting -= 1
        return test

    def advance(self) -> Token:
        """Return the token at hand and go to the next."""
        self.previous = self.token
        self.token = next_token(self.source, self.previous.end, self._begin)
        return self.previous

    def accept(self, text: str) -> bool:
        """Go past a token if it is the one."""
        if self.token.text != text:
            return False
        self.advance()
        return True

    def expect(self, text: str) -> Token:
        """Go past the token that must be here."""
        if self.token.text != text:
            raise self.unexpected(text)
        return self.advance()

    def unexpected(self, wanted: str) -> SourceError:
        """Return the error for a token that cannot stand where it does."""
        token = self.token
        if token.kind == "end":
            return SourceError(f"the expression ends where {wanted} is missing", token.start)
        hint = hints.misplaced(token.text) or f"expected {wanted}"
        return SourceError(f"unexpected {token.text}: {hint}", token.start)

    def listed(self, closing: str) -> list[syntax.Node]:
        """Read expressions between commas up to the closing bracket, and past it."""
        items: list[syntax.Node] = []
        while not self.accept(closing):
            items.append(self.expression())
            if self.token.text != closing:
                self.expect_separator(closing)
        return items

    def expect_separator(self, closing: str) -> None:
        """Go past the comma between two items."""
        if not self.accept(","):
            raise self.unexpected(f"a comma or {closing}")

    def _nest(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _too_deep(self.token.start)

    def _operation(self, level: int) -> syntax.Node:
        left = self._unary()
        related = False
        while (found := _LEVELS.get(self.token.text, 0)) >= level:
            if found == _RELATION:
                self._refuse_chain(again=related)
                related = True
            operator = self.advance().text
            left = _combined(left, operator, self._operation(found + 1))
        return left

    def _refuse_chain(self, *, again: bool) -> None:
        if again:
            raise SourceError(
                "comparisons cannot be chained: write a < b && b < c, or parentheses",
                self.token.start,
            )

    def _unary(self) -> syntax.Node:
        if self.token.text not in {"!", "-"}:
            return self._postfix(self._primary())
        self._nest()
        sign = self.advance()
        number = self.token.text if sign.text == "-" and self.token.kind == "number" else None
        operand = self._negative(sign) if number else self._unary()
        self._nesting -= 1
        if number:
            return self._postfix(operand)
        node = syntax.Negation if sign.text == "-" else syntax.Not
        return node(sign.start, operand.end, operand)

    def _negative(self, sign: Token) -> syntax.Constant:
        number = self.advance()
        value = number_value(f"-{number.text}", number.start)
        return syntax.Constant(sign.start, number.end, value)

    def _postfix(self, node: syntax.Node) -> syntax.Node:
        while True:
            if self.accept("."):
                node = self._member(node)
            elif self.accept("["):
                key = self.expression()
                end = self.expect("]").end
                node = _indexed(node, key, end)
            else:
                return node

    def _member(self, receiver: syntax.Node) -> syntax.Node:
        if self.token.text == "*":
            return self._projection(receiver)
        if self.token.kind != "name":
            raise self.unexpected('a field name (for a dashed one write data["first-name"])')
        name = self.advance()
        if self.accept("("):
            return calls.method(self, name, receiver)
        return syntax.Field(receiver.start, name.end, receiver, name.text)

    def _projection(self, receiver: syntax.Node) -> syntax.Node:
        """Read ``*`` and the names behind it; a call ends them and takes the list they give."""
        end, path = self.advance().end, list[str | None]()
        while self.accept("."):
            step = self.token
            if step.text != "*" and step.kind != "name":
                raise self.unexpected("a field name")
            self.advance()
            if self.accept("("):
                list_of = syntax.Projection(receiver.start, end, receiver, tuple(path))
                return calls.method(self, step, list_of)
            path.append(None if step.text == "*" else step.text)
            end = step.end
        return syntax.Projection(receiver.start, end, receiver, tuple(path))

    def _primary(self) -> syntax.Node:
        token = self.token
        if token.kind == "number":
            self.advance()
            return syntax.Constant(token.start, token.end, number_value(token.text, token.start))
        if token.kind == "string":
            self.advance()
            return syntax.Constant(token.start, token.end, string_value(token))
        if token.kind == "name" and token.text != "in":
            return self._name()
        if token.kind == "symbol" and token.text in {"(", "[", "{"}:
            return self._bracket()
        raise self.unexpected("a value")

    def _name(self) -> syntax.Node:
        after_minus = self.previous.text == "-"
        token = self.advance()
        if token.text in _WORDS:
            return syntax.Constant(token.start, token.end, _WORDS[token.text])
        if self.accept("("):
            return calls.function(self, token)
        if token.text in self.variables:
            level = self.variables.index(token.text)
            return syntax.Local(token.start, token.end, token.text, level)
        if token.text in self.roots:
            return syntax.Root(token.start, token.end, token.text)
        known = {*self.roots, *self.variables}
        message = hints.unknown_name(token.text, known, after_minus=after_minus)
        raise SourceError(message, token.start)

    def _bracket(self) -> syntax.Node:
        opening = self.advance()
        if opening.text == "[":
            items = tuple(self.listed("]"))
            return syntax.ListOf(opening.start, self.previous.end, items)
        if opening.text == "{":
            return self._map(opening.start)
        inner = self.expression()
        if self.token.text == ",":
            raise SourceError("a list is written in square brackets: [a, b]", self.token.start)
        return replace(inner, start=opening.start, end=self.expect(")").end)

    def _map(self, start: int) -> syntax.Node:
        keys: list[syntax.Node] = []
        items: list[syntax.Node] = []
        while not self.accept("}"):
            keys.append(self._key(keys))
            self.expect(":")
            items.append(self.expression())
            if self.token.text != "}":
                self.expect_separator("}")
        return syntax.MapOf(start, self.previous.end, tuple(keys), tuple(items))

    def _key(self, earlier: list[syntax.Node]) -> syntax.Node:
        key = self.expression()
        if isinstance(key, syntax.Constant):
            if not isinstance(key.value, str):
                raise SourceError("the keys of a map are strings", key.start)
            if any(
                isinstance(other, syntax.Constant) and other.value == key.value for other in earlier
            ):
                raise SourceError("this key comes twice", key.start)
        return key


def _combined(left: syntax.Node, operator: str, right: syntax.Node) -> syntax.Node:
    start, end = left.start, right.end
    if operator in {"&&", "||"}:
        same = isinstance(left, syntax.Junction) and left.operator == operator
        before = left.operands if same else (left,)  # type: ignore[attr-defined]  # see same
        kind = cast("syntax.JunctionOperator", operator)
        return syntax.Junction(start, end, kind, (*before, right))
    if operator == "in":
        return syntax.Membership(start, end, left, right)
    if _LEVELS[operator] == _RELATION:
        if operator not in {"==", "!="} and (reason := disorder(left, right)):
            raise SourceError(reason, start)
        relation = cast("syntax.ComparisonOperator", operator)
        return syntax.Comparison(start, end, relation, left, right)
    return syntax.Arithmetic(start, end, cast("syntax.ArithmeticOperator", operator), left, right)


def _indexed(receiver: syntax.Node, key: syntax.Node, end: int) -> syntax.Node:
    if isinstance(key, syntax.Constant) and isinstance(key.value, str):
        return syntax.Field(receiver.start, end, receiver, key.value)
    return syntax.Index(receiver.start, end, receiver, key)


def _too_deep(offset: int) -> SourceError:
    return SourceError(f"nested more than {MAX_DEPTH} deep: split the rule", offset)
