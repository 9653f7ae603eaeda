"""What each clause of a condition came to, as people are told it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.core.clauses import Clause, fields_read, weigh
from orchestrator.core.expression import compile_expression

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def weighed(source: str, **data: object) -> Clause:
    return weigh(
        compile_expression(source), {"data": data, "now": NOW, "event": {"id": "e", "type": "E"}}
    )


def said(clause: Clause) -> list[str]:
    """What keeps a condition from holding, as short as a test wants it."""
    return [
        f"{each.source}: "
        + ", ".join(
            f"{one.source} {'missing' if one.missing else one.value}" for one in each.operands
        )
        for each in clause.decisive
    ]


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ("data.amount > 100", {"amount": 25}, ["data.amount > 100: data.amount 25"]),
        ("data.amount > 100", {"amount": 250}, []),
        (
            "get(data.amount, 0) > 100",
            {},
            ["get(data.amount, 0) > 100: data.amount missing, get(data.amount, 0) 0"],
        ),
        ("has(data.a.b)", {"a": {}}, ["has(data.a.b): data.a.b missing"]),
        ("data.a && data.b", {"a": True, "b": False}, ["data.b: data.b False"]),
        ("data.a && data.b", {"a": False, "b": False}, ["data.a: data.a False"]),
        (
            "data.a == 1 || data.b == 1",
            {"a": 2, "b": 3},
            ["data.a == 1: data.a 2", "data.b == 1: data.b 3"],
        ),
        ("data.a == 1 || data.b == 1", {"a": 2, "b": 1}, []),
        (
            "size(data.items) > 1",
            {"items": [7]},
            ["size(data.items) > 1: data.items [7], size(data.items) 1"],
        ),
        ('data.a ==\n  "x  y"', {"a": "x"}, ['data.a == "x y": data.a x']),
        ("!data.a", {"a": True}, ["!data.a: data.a True"]),
        ("((data.a\n)) && (data.b)", {"a": False, "b": True}, ["data.a: data.a False"]),
        # As the conditions of several events of one list are joined.
        (
            '(event.type != "E" || (data.a > 1\n)) && (event.type != "F" || (data.b\n))',
            {"a": 0, "b": False},
            ["data.a > 1: data.a 0"],
        ),
    ],
)
def test_the_clause_that_decided_is_told_with_its_values(
    source: str, data: dict[str, object], expected: list[str]
) -> None:
    """Whoever is on call must not have to evaluate a condition in their head."""
    assert said(weighed(source, **data)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "data.a && data.b",
        "data.a || data.b",
        "!(data.a || data.b) && !data.b",
        "(data.a && !data.b) || (data.b && !data.a)",
        "data.a ? data.b : !data.b",
    ],
)
def test_the_verdict_is_the_engines(source: str) -> None:
    """An explanation that disagrees with what happened is worse than none."""
    condition = compile_expression(source)
    for a in (True, False):
        for b in (True, False):
            scope = {"data": {"a": a, "b": b}}
            assert weigh(condition, scope).holds is condition.holds(scope)


def test_clauses_behind_the_one_that_decided_are_weighed_too() -> None:
    """A person mends the rule once, not clause by clause."""
    clause = weighed("data.a == 1 && data.b == 2 && data.c == 3", a=9, b=2, c=9)
    assert [part.holds for part in clause.conjuncts] == [False, True, False]
    assert clause.closeness == pytest.approx(1 / 3)


def test_a_clause_that_fails_says_why() -> None:
    """A rule that failed is no rule that did not want the event."""
    clause = weighed("data.a == 1 && data.b > 2", a=1)
    assert clause.holds is None
    assert "data.b is missing" in clause.problem
    assert [part.holds for part in clause.conjuncts] == [True, None]


def test_a_clause_that_would_fail_behind_a_false_one_decides_nothing() -> None:
    """The engine asks from left to right: `has` guards what stands behind it."""
    assert weighed("has(data.a) && data.a > 2").holds is False
    assert weighed("!has(data.a) || data.a > 2").holds is True


def test_fields_are_read_to_their_full_depth() -> None:
    """The value of a whole map says less than that of the field that was looked at."""
    tree = compile_expression("data.a.b == 1 && has(data.c.d) && data.l.exists(x, x.y == 1)").tree
    assert fields_read(tree) == {("data", "a", "b"), ("data", "c", "d"), ("data", "l")}
