"""Templates: JSON values with expressions in their strings."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.expression import compile_template
from orchestrator.core.problem import Position
from orchestrator.errors import ExpressionError

if TYPE_CHECKING:
    from orchestrator.core.expression.template import Path

SCOPE = {
    "data": {"n": 1.0, "s": "Ada", "yes": True, "null": None, "list": [1, "a"], "map": {"k": 1}},
    "event": {"time": dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)},
    "now": dt.datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=dt.UTC),
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # what holds no expression is itself
        ("plain", "plain"),
        ("", ""),
        (5, 5),
        (1.5, 1.5),
        (None, None),
        (True, True),
        ({"a": [1, {"b": "c"}]}, {"a": [1, {"b": "c"}]}),
        ("costs $5 {or} $ {more}", "costs $5 {or} $ {more}"),
        # one expression keeps its kind
        ("${data.n}", 1.0),
        ("${data.yes}", True),
        ("${data.null}", None),
        ("${data.list}", [1, "a"]),
        ("${ data.map }", {"k": 1}),
        ("${[data.n, now]}", [1.0, "2026-03-01T08:00:00.250Z"]),
        ("${event}", {"time": "2026-03-01T08:00:00Z"}),
        ("${now}", "2026-03-01T08:00:00.250Z"),
        ("${duration('1h')}", "3600s"),
        # in a text it is printed
        ("<${data.n}>", "<1>"),
        ("${data.s}${data.s}", "AdaAda"),
        ("${data.s} ", "Ada "),
        ("is ${data.yes}, ${data.null}", "is true, null"),
        ("${data.list}: ${data.map}", '[1,"a"]: {"k":1}'),
        ("at ${event.time} for ${duration('90s')}", "at 2026-03-01T08:00:00Z for 90s"),
        # braces and quotes inside an expression
        ("${ {'a': {'b': 1}}.a }", {"b": 1}),
        ("${'}'}", "}"),
        ("a ${\"${\" + '}'} b", "a ${} b"),
        # a dollar more is no expression
        ("$${data.n}", "${data.n}"),
        ("a $${b} ${data.n} $${c", "a ${b} 1 ${c"),
        ("$$${data.n}", "$${data.n}"),
        ("$ ${data.n}", "$ 1"),
        # inside lists and maps
        ({"to": "${data.s}", "all": ["${data.n}", "x"]}, {"to": "Ada", "all": [1.0, "x"]}),
    ],
)
def test_value(value: object, expected: object) -> None:
    """Each row pins one sentence of the reference; a changed row changes what is sent."""
    result = compile_template(value)(SCOPE)

    assert (expected, type(expected)) == (result, type(result))


def test_every_error_is_told_with_its_place() -> None:
    """A person mends a file once, so all errors of a value come together."""
    told: list[str] = []

    def locate(path: Path, offset: int) -> Position:
        return Position("/".join(map(str, path)), 1, offset + 1)

    value = {"a": "${dta.x} and ${data.}", "b": [0, "${1 +}"], "c": "${data.ok}", "d": "${"}
    with pytest.raises(ExpressionError) as first:
        compile_template(value, locate, on_error=lambda error: told.append(str(error)))

    assert told == [
        'a:1:3: "dta" is unknown: did you mean data?',
        'a:1:21: unexpected }: expected a field name (for a dashed one write data["first-name"])',
        "b/1:1:6: unexpected }: expected a value",
        "d:1:3: the expression ends where a value is missing",
    ]
    assert told[0] == str(first.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("${}", "nothing stands between ${ and }"),
        ("${data.n", "the expression ends where } is missing"),
        ("${data.n ", "the expression ends where } is missing"),
        ("${data.n data.s}", "unexpected data: expected }"),
        ({"${data.n}": 1}, "a field name cannot hold an expression"),
    ],
)
def test_mistakes(value: object, message: str) -> None:
    """What is no template is refused when it is compiled, not when an event comes."""
    with pytest.raises(ExpressionError) as error:
        compile_template(value)

    assert message in str(error.value)


def test_failure_while_running_names_the_field_of_the_template() -> None:
    """An error points into the string it comes from, however many strings a template has."""
    template = compile_template(
        {"a": "${data.n}", "b": ["x", "see ${data.missing}"]},
        lambda path, offset: Position("/".join(map(str, path)), 1, offset + 1),
    )

    with pytest.raises(ExpressionError, match=r"^b/1:1:7: data.missing is missing"):
        template(SCOPE)


def test_constant() -> None:
    """The rule loader checks a payload without expressions once, when it loads the file."""
    assert compile_template({"a": ["$${b}", 1]}).is_constant
    assert not compile_template({"a": ["${data.n}"]}).is_constant


def test_what_a_template_reads() -> None:
    """The same knowledge as of an expression, over all its strings."""
    template = compile_template(["${data.a.b}", "${event.id} ${data.c}"])

    assert {"data", "event"} == template.roots
    assert {("data", "a", "b"), ("event", "id"), ("data", "c")} == template.references


def test_each_evaluation_builds_a_value_of_its_own() -> None:
    """One command's payload must not change when another's does."""
    template = compile_template({"list": [1], "value": "${data.n}"})
    first, second = template(SCOPE), template(SCOPE)

    assert first == second
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["list"] is not second["list"]
