"""Sources that are no expression: what is wrong, where, and how to write it instead."""

from __future__ import annotations

import pytest

from orchestrator.core.expression import compile_expression
from orchestrator.core.problem import Position
from orchestrator.errors import ExpressionError


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        # words and signs of other languages
        ("data.a = 1", 8, '"=" is no operator: write == to compare'),
        ("data.a === 1", 8, '"===" is no operator: write == to compare'),
        ("data.a !== 1", 8, '"!==" is no operator: write != to compare'),
        ("data.a & data.b", 8, '"&" is no operator: write && for and'),
        ("data.a | data.b", 8, '"|" is no operator: write || for or'),
        ("data.a and data.b", 8, "unexpected and: write && for and"),
        ("data.a or data.b", 8, "unexpected or: write || for or"),
        ("not data.a", 1, '"not" is unknown: write ! for not'),
        ("data.a is null", 8, "unexpected is: write == to compare, and != for is not"),
        ('data.a in ("x", "y")', 15, "a list is written in square brackets: [a, b]"),
        ("data.a == None", 11, '"None" is unknown: write null'),
        ("data.a == True", 11, '"True" is unknown: write true'),
        ("data.a == FALSE", 11, '"FALSE" is unknown: write false'),
        ("1 if data.a else 2", 3, "unexpected if: write condition ? value : other"),
        ('data.a =~ "x"', 8, 'write matches(text, "pattern")'),
        ("${data.a}", 1, "here the expression stands alone: leave ${ and } out"),
        ("data.a == “x”", 11, 'write straight quotes: "'),
        ("data.a;", 7, "leave the ; out"),
        # names
        ("dta.a", 1, '"dta" is unknown: did you mean data?'),
        ("data.a == north", 11, 'a text needs quotes: "north"'),
        ("data.first-name", 12, 'a field with a dash is written data["first-name"]'),
        ("{a: 1}", 2, '"a" is unknown'),
        # comparisons that can never work
        ('now > "2026-01-01"', 1, 'a timestamp with a string: write timestamp("...")'),
        ('now - event.time > "1d" && true', 1, "cannot compare"),
        ('"1d" < duration("2d")', 1, "cannot compare a string with a duration: write duration("),
        ("event.time < 5", 1, "cannot compare a timestamp with a number"),
        ("size(data.a) > null", 1, "cannot compare a number with null"),
        ("(data.a && data.b) < (1 == 1)", 1, "cannot compare a bool with a bool"),
        ("data.items.1", 11, "unexpected .1: an item of a list is written [1]"),
        ("data.größe", 8, "names are plain ASCII"),
        ("len(data.a)", 1, "there is no function len: did you mean size?"),
        ("data.a.length()", 8, "there is no function length: did you mean size?"),
        ('data.a.startswith("x")', 8, "did you mean startsWith?"),
        ("data.a.toLowerCase()", 8, "did you mean lower?"),
        ("frobnicate(1)", 1, "there is no function frobnicate: known are all, avg"),
        # arguments
        ("size()", 1, "wrong number of arguments: write size(value)"),
        ("lower(data.a, 1)", 1, "wrong number of arguments: write lower(text)"),
        ("min()", 1, "wrong number of arguments: write min(list) or min(a, b, ...)"),
        ("has(data)", 5, "expected a path to a field: write has(data.field)"),
        ("has(data.a, 1)", 1, "has() takes one path"),
        ("has(size(data))", 5, "expected a path to a field"),
        ("data.a.has()", 8, "write has(data.field)"),
        ("get(data.a)", 1, "get() takes a path and a default"),
        ("get(1, 2)", 5, "expected a path to a field: write get(data.field, default)"),
        ("all(data.a, x, x)", 1, "write list.all(item, ...)"),
        ("data.a.all(1, true)", 12, "a name for the item first"),
        ("data.a.all(data, true)", 12, "data already means something: choose another name"),
        ("data.a.all(true, true)", 12, "true already means something"),
        ("data.a.all(x, data.b.all(x, true))", 26, "x already means something"),
        ("data.a.all(x)", 13, "unexpected ): expected a comma or )"),
        ("data.a.all(x, true, true)", 8, "write list.all(item, expression)"),
        ("data.a.all(x, true) && x", 24, '"x" is unknown'),
        ('matches(data.a, "(")', 17, "not a regular expression (RE2): missing )"),
        ('matches(data.a, "a(?=b)")', 17, "not a regular expression (RE2)"),
        ('duration("2 days")', 10, "not a duration: write it as 48h"),
        ('timestamp("2026-02-30T00:00:00Z")', 11, "not a timestamp"),
        # brackets, quotes, ends
        ("", 1, "the expression ends where a value is missing"),
        ("data.a ==", 10, "the expression ends where a value is missing"),
        ("data.", 6, "the expression ends where a field name"),
        ("(1 + 2", 7, "the expression ends where ) is missing"),
        ("size(data.a", 12, "the expression ends where a comma or ) is missing"),
        ("data.a[0", 9, "the expression ends where ] is missing"),
        ("[1 2]", 4, "unexpected 2: expected a comma or ]"),
        ('{"a" 1}', 6, "unexpected 1: expected :"),
        ("1 + 2)", 6, "unexpected ): expected an operator or the end"),
        ("data.a ? 1", 11, "ends where the : of condition ? value : other is missing"),
        ("data.a ? 1, 2", 11, "expected the : of condition ? value : other"),
        ('data.a == "x', 11, 'this text has no closing " on its line'),
        ("data.a == 'x", 11, "this text has no closing ' on its line"),
        (r'"a\qb"', 3, r'"\q" is no escape'),
        (r'"\ud800"', 2, r'"\ud800" is no character'),
        ("data.a < data.b < data.c", 17, "comparisons cannot be chained"),
        ("data.a == data.b == true", 18, "comparisons cannot be chained"),
        # literals
        ("48h", 3, 'for a duration write duration("48h")'),
        ("1u", 2, "there are no unsigned numbers"),
        ("9223372036854775808", 1, "this integer does not fit in 64 bits"),
        ("1e999", 1, "this number is too large"),
        ("{1: 2}", 2, "the keys of a map are strings"),
        ('{"a": 1, "a": 2}', 10, "this key comes twice"),
    ],
)
def test_message(source: str, column: int, message: str) -> None:
    """The slip a person makes is answered with what to write, at the character it is about."""
    with pytest.raises(ExpressionError) as error:
        compile_expression(source, lambda offset: Position("r.yaml", 5, offset + 1))

    assert message in error.value.message
    assert Position("r.yaml", 5, column) == error.value.position
    assert "\n" not in str(error.value)


def test_position_of_a_failure_while_running() -> None:
    """An error in a rule of several lines leads to the part that failed, in the rule file."""
    source = 'data.kind == "a"\n  && data.amount > 10'
    expression = compile_expression(source, lambda offset: Position("r.yaml", 7, offset + 1))

    with pytest.raises(ExpressionError) as error:
        expression.holds({"data": {"kind": "a", "amount": "12"}})

    column = source.index("data.amount") + 1
    assert f"r.yaml:7:{column}: cannot compare a string with a number" in str(error.value)


def test_position_is_computed_only_when_an_error_is_shown() -> None:
    """Thousands of rules are loaded, few are wrong: looking up places must not cost the others."""
    calls: list[int] = []

    def locate(offset: int) -> Position:
        calls.append(offset)
        return Position("r.yaml", 1, 1)

    expression = compile_expression("data.a > 1", locate)
    expression({"data": {"a": 2}})
    assert calls == []

    with pytest.raises(ExpressionError):
        expression({"data": {}})
    assert calls == [0]


def test_without_a_file_there_is_no_position() -> None:
    """An expression typed at a prompt has no place to point to."""
    with pytest.raises(ExpressionError) as error:
        compile_expression("dta")

    assert error.value.position is None


def test_further_roots_are_known_when_they_are_given() -> None:
    """A for-each gives its item a name; elsewhere that name is a mistake."""
    roots = frozenset({"data", "item"})

    assert compile_expression("item.fee", roots=roots)({"item": {"fee": 3}}) == 3
    with pytest.raises(ExpressionError, match='"item" is unknown'):
        compile_expression("item.fee")


def test_a_very_long_name_is_cut_in_the_message() -> None:
    """A message is one line that a person can read, whatever somebody pasted into a condition."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression("x" * 500)
    assert f'"{"x" * 60}..." is unknown' in caught.value.message
    assert len(caught.value.message) < 250
