"""Every mistake in a test file is told, at its place, with how to write it instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import Misconfigured
from orchestrator.ruletest import read_cases, read_test_files

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.catalog import Catalog
    from tests.unit.ruletest.conftest import Played, Problems

CASE = "- name: c\n  given: [ComplaintFiled]\n  expect: [SendAcknowledgment]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: c", "1:1: error: a test file is a list of cases: put `- name: ...` before each"),
        ("- x", "1:3: error: a case is a mapping with name, given and expect, not text"),
        (
            "- name: c\n  given: [ComplaintFiled]",
            (
                "1:3: error: this case expects nothing: add one of "
                "expect, expect_none, expect_dead_letter, expect_open"
            ),
        ),
        ("- name: c\n  expect: [CloseCase]", "1:3: error: this case has no `given`: add it"),
        (f"{CASE}  unorderd: true", "4:3: error: `unorderd` is not a key of a case: did you mean"),
        (f"{CASE}  advance: 2d", "4:3: error: `advance` belongs into the list under `given`"),
        (f"{CASE}  unordered: maybe", "4:14: error: `unordered` is text: write true"),
        (f"{CASE}  key: 5", "4:8: error: `key` is a number: write a text; a number needs quotes"),
        (f"{CASE}  start: noon", '4:10: error: "noon" is not a point in time: write it in quotes'),
        (f"{CASE}  start: 2026-01-01", "4:10: error: a date or time is ambiguous without quotes"),
        (CASE + CASE, '4:3: error: there is a case "c" already: give this one another name'),
        (f"{CASE}  expect_none: []", "4:16: error: `expect_none` is an empty list"),
        (f"{CASE}  expect_none: ClseCase", '4:16: error: unknown message type "ClseCase": did'),
        (
            f"{CASE}  expect_none: [SendAcknowledgment]",
            "4:17: error: `expect` wants SendAcknowledgment to be sent: remove it here or there",
        ),
        (f"{CASE}  expect_open: intake", "4:16: error: `expect_open` lists instances"),
        (f"{CASE}  expect_open: [{{key: a}}]", "4:17: error: this instance has no `rule`"),
        (f"{CASE}  expect_open: [intak]", '4:17: error: there is no rule "intak": did you mean "i'),
        (f"{CASE}  expect_dead_letter: [5]", "4:24: error: a dead letter cannot be a number"),
        (f"{CASE}  expect_dead_letter: []", "4:23: error: write one as {rule: ..., reason: ...}"),
    ],
)
def test_a_mistake_in_a_case_is_told(text: str, problem: str, problems: Problems) -> None:
    """A test that is not read as it was meant proves nothing."""
    (found,) = problems(text)
    assert found.startswith(f"t.yaml:{problem}")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("ComplaintFild", '3:7: error: unknown message type "ComplaintFild": did you mean'),
        ("ComplaintFiled:", "3:7: error: `ComplaintFiled:` has no fields: write `- ComplaintFil"),
        ("5", "3:7: error: a step cannot be a number: write `- ComplaintFiled: {fields}`"),
        ("{a: 1, b: 2}", "3:7: error: this is no step of a case"),
        ("advance: 2", "3:16: error: `advance` is a number: write it as 48h, 1d12h or 90m"),
        ("advance: soon", '3:16: error: "soon" is not a length of time: write it as 48h'),
        ("advance: -2d", "3:16: error: time only goes forward"),
        ("advance: 9999999d", '3:16: error: "9999999d" leads beyond the year 9999: shorten it'),
        (
            "{event: ComplaintFiled, at: soon}",
            '3:35: error: "soon" is neither a length of time nor a point in time',
        ),
        (
            "{event: ComplaintFiled, example: 9}",
            "3:40: error: ComplaintFiled has examples 1 to 2: choose one of them",
        ),
        (
            "{event: ComplaintFiled, example: 1, data: 5}",
            "3:49: error: only a mapping of fields can be laid over an example: remove `example`",
        ),
        (
            "{event: ComplaintFiled, category: safety}",
            "3:31: error: `category` is not a key of a given event: it has event, data,",
        ),
    ],
)
def test_a_mistake_in_what_is_given_is_told(step: str, problem: str, problems: Problems) -> None:
    """An event that never arrives makes a test that never fails."""
    (found,) = problems(f"- name: c\n  given:\n    - {step}\n  expect: [CloseCase]")
    assert found.startswith(f"t.yaml:{problem}")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("ClseCase", '4:7: error: unknown message type "ClseCase": did you mean "CloseCase"?'),
        ("CloseCase:", "4:7: error: `CloseCase:` has no fields: write `- CloseCase` for any data"),
        ("5", "4:7: error: this is no expected message: write `- SendAcknowledgment`"),
        (
            "{message: CloseCase, with: {}, exactly: {}}",
            "4:28: error: `with` and `exactly` exclude each other: keep one",
        ),
        ("{message: CloseCase, rule: dsk}", '4:34: error: there is no rule "dsk": did you mean'),
        ("{message: CloseCase, reason: x}", "4:28: error: `reason` is not a key of an expected"),
    ],
)
def test_a_mistake_in_what_is_expected_is_told(
    message: str, problem: str, problems: Problems
) -> None:
    """A slip of the finger is told as one, and not as a rule that sends nothing."""
    (found,) = problems(f"- name: c\n  given: [ComplaintFiled]\n  expect:\n    - {message}")
    assert found.startswith(f"t.yaml:{problem}")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("[]", "4:8: error: `for` is empty: write a list of mappings"),
        ("{a: 1}", "4:8: error: `for` is a mapping: write a list of mappings"),
        ("[5]", "4:9: error: a row cannot be a number: write a list of mappings"),
        ("[{a b: 1}]", '4:10: error: "a b" cannot name a value: use letters, digits and _'),
        ("[{a: 1}, {b: 1}]", "4:17: error: every row needs the same names: this one differs in"),
        ('[{a: 1}, {"b\\nc": 1}]', '4:18: error: "b\\nc" cannot name a value: use letters'),
        ("[{a: 1}]\n  key: ${b}", '5:10: error: "b" is unknown'),
        ("[{a: 1}, {a: x}]\n  key: ${a + 'x'}", "5:10: error: cannot add"),
    ],
)
def test_a_mistake_in_the_rows_is_told(rows: str, problem: str, problems: Problems) -> None:
    """Rows are read with the language of the rules, and refused with its messages."""
    found = problems(f"{CASE}  for: {rows}")
    assert [text.startswith(f"t.yaml:{problem}") for text in found] == [True]


def test_every_mistake_is_told_once(problems: Problems) -> None:
    """Not the first alone, and not as often as the case has rows."""
    text = "- name: c\n  for: [{a: 1}, {a: 2}]\n  given: [Nothng, Nothing2]\n  expect: [Nothing3]"
    assert len(problems(text)) == 3


async def test_a_case_with_rows_is_one_case_for_each(played: Played) -> None:
    """The values keep their kind; a name that does not tell the rows apart gets their number."""
    text = """
- name: region {}
  for: [{{region: north}}, {{region: south}}]
  given: [{{event: ComplaintFiled, example: 1, data: {{region: "${{region}}"}}}}]
  expect: [AssignInvestigator: {{region: "${{region}}"}}]
"""
    outcomes = [*await played(text.format("${region}")), *await played(text.format("by number"))]
    assert [(outcome.case.name, outcome.passed) for outcome in outcomes] == [
        ("region north", True),
        ("region south", True),
        ("region by number [1]", True),
        ("region by number [2]", True),
    ]


def test_without_rows_nothing_is_a_template(catalog: Catalog) -> None:
    """Data with a dollar sign in it must be possible to write."""
    text = CASE.replace("ComplaintFiled", '{event: ComplaintFiled, data: {text: "${a}"}}')
    (case,), _ = read_cases([("t.yaml", text)], catalog, ())
    assert [step.data for step in case.steps if hasattr(step, "data")] == [{"text": "${a}"}]


def test_tests_are_found_beside_their_rules(tmp_path: Path) -> None:
    """In the ``tests`` folders of a rule folder; rules are no tests, hidden files are nobody's."""
    for name in ("a.yaml", "tests/b.yaml", "tests/.c.yaml", "sub/tests/d.yml", "tests/e.txt"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    found = [text.decode() for _, text in read_test_files(tmp_path)]
    assert found == ["sub/tests/d.yml", "tests/b.yaml"]
    assert [text for _, text in read_test_files(tmp_path / "tests")] == [b"tests/b.yaml"]
    assert [text for _, text in read_test_files(tmp_path / "a.yaml")] == [b"a.yaml"]


def test_no_tests_are_an_error(tmp_path: Path) -> None:
    """A pipeline that tests an empty folder must not be green."""
    with pytest.raises(Misconfigured, match="holds no tests: write one in"):
        read_test_files(tmp_path)
    with pytest.raises(Misconfigured, match="cannot read"):
        read_test_files(tmp_path / "gone.yaml")
