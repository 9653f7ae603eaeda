"""Broken sources: nothing but our own error, and never code outside the whitelist."""

from __future__ import annotations

import ast
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.expression import ROOTS, compile_expression, compile_template
from orchestrator.core.expression.generate import Generator
from orchestrator.core.expression.origin import Origin
from orchestrator.core.expression.parser import parse
from orchestrator.core.expression.program import WHITELIST, Program
from orchestrator.errors import ExpressionError

SEEDS = [
    'data.category == "overtime-pay" && data.amount > 0',
    "data.items.filter(i, has(i.price)).map(i, i.price * 2) == [1, 2.5]",
    "get(data.a.b[0], {'x': [null, true]}).x ? now + duration('1d') : -data.z % 3",
    "sum(data.steps.*.output.fee) >= max(1, 2) || !(data.region in ['n', \"s\"])",
    r"matches(data.text, r'^\d+$') && data['first-name'].split(',').size() != 0x1F",
]
ALPHABET = "".join(SEEDS) + "${}\\'\"`@#~^|&;=<>.*()[]\n\t\u00e4\u2028\ud800\x00"
VOCABULARY = (
    "data event now . * ( ) [ ] { } , : ? + - ! == < in && || 1 0 1.5 'a' true null .a .b x %"
    " size( has( get( .all(x, .map(x, matches( duration( ${ $${"
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a good source with a few characters deleted, doubled, or put in."""
    source = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(source)))
        end = draw(st.integers(start, min(len(source), start + 8)))
        piece = draw(st.text(ALPHABET, max_size=3) | st.just(source[start:end] * 2))
        source = source[:start] + piece + source[end:]
    return source


def attempt(source: str) -> bool:
    """Compile and run a source both ways; tell whether it compiled."""
    with suppress(ExpressionError):
        compile_template(f"x ${{{source}}} y ${{{source}}}")
    scope = {"data": {"a": {"b": [1]}, "items": [{"price": 1}], "text": "1"}, "event": {}, "now": 0}
    try:
        expression = compile_expression(source)
    except ExpressionError:
        return False
    with suppress(ExpressionError):
        expression(scope)
    return True


@given(mutated())
@settings(max_examples=500, deadline=None)
def test_mutated_sources(source: str) -> None:
    """A typo is answered with a message, never with a crash of the loader."""
    attempt(source)


@given(st.lists(st.sampled_from(VOCABULARY.split()), max_size=14).map(" ".join))
@settings(max_examples=500, deadline=None)
def test_heaps_of_tokens(source: str) -> None:
    """Neither is anything that merely looks like the language."""
    attempt(source)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text(source: str) -> None:
    """Nor anything at all."""
    attempt(source)


def test_code_is_on_the_whitelist() -> None:
    """The fuzzing above would see a stray node as a RuntimeError: this is what it may see."""
    seen: set[type[ast.AST]] = set()
    for seed in SEEDS:
        code = Generator(Program(), Origin(seed, None)).code(parse(seed, ROOTS))
        seen.update(type(node) for node in ast.walk(code))

    assert {ast.Call, ast.Lambda, ast.NamedExpr, ast.Subscript} < seen <= WHITELIST
