"""Where data differs, and how that is said."""

from __future__ import annotations

import pytest

from orchestrator.ruletest.difference import differences


@pytest.mark.parametrize(
    ("expected", "found", "exactly", "told"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, False, []),
        ({"a": 1}, {"a": 1, "b": 2}, True, ["data.b is 2, and was not expected"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, False, []),
        ({"a": {}}, {"a": {"c": 2}}, True, ["data.a.c is 2, and was not expected"]),
        ({"a": None}, {}, False, ["data.a is missing, expected null"]),
        ({"a": None}, {"a": None}, False, []),
        (100, 100.0, True, []),
        (1, True, False, ["data is true, expected 1"]),
        (False, 0, False, ["data is 0, expected false"]),
        ([{"a": 1}], [{"a": 1, "b": 2}], False, []),
        ([1], [1, 2], False, ["data has 2 items, expected 1: [1,2]"]),
        ([1, 2], [2, 2], False, ["data[0] is 2, expected 1"]),
        ({"a": 1}, [], False, ['data is [], expected {"a":1}']),
        (
            {"a": 1, "b": 2},
            {"a": 2},
            False,
            ["data.a is 2, expected 1", "data.b is missing, expected 2"],
        ),
        ("one", "two", False, ['data is "two", expected "one"']),
        (
            f"{'a' * 200}x",
            f"{'a' * 200}y",
            False,
            [f'data differs after 200 characters: it has "{"a" * 20}y", expected "{"a" * 20}x"'],
        ),
        ("x" * 200, 5, False, [f'data is 5, expected "{"x" * 96}...']),
    ],
)
def test_every_difference_is_told(
    expected: object,
    found: object,
    exactly: bool,  # noqa: FBT001 - a column of the table
    told: list[str],
) -> None:
    """JSON has fields in any order, numbers of one kind, and true is no number."""
    assert [str(each) for each in differences(expected, found, exactly=exactly)] == told
