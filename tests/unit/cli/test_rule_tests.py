"""``rules test``: results for people, for programs and for build servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Result

RULES = "- name: close\n  when: ComplaintWithdrawn\n  then: [CloseCase]\n"
CASES = """\
- name: passes
  given: [ComplaintWithdrawn]
  expect: [CloseCase]
- name: fails
  given: [{advance: 1d12h}, ComplaintWithdrawn]
  expect: [CloseCase: {reason: None.}]
"""
FAILURE = 'CloseCase: data.reason is "The employer paid.", expected "None."'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule with one case that passes and one that fails."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "close.yaml").write_text(RULES)
    (tmp_path / "tests" / "close.yaml").write_text(CASES)
    return tmp_path


def test_a_failure_is_explained_and_the_last_line_counts(
    folder: Path, invoke: Callable[..., Result]
) -> None:
    """One look must tell what was wrong; a pipeline reads the exit code."""
    result = invoke("rules", "test", "--rules", str(folder))
    file = folder / "tests" / "close.yaml"
    assert result.code == 1
    assert result.lines == [
        f"FAILED {file}:4:3: fails",
        f"  {file}:6:32: {FAILURE}",
        "  sent:",
        '  ! 1d12h CloseCase C-1 {"reason":"The employer paid."}',
        "1 passed, 1 failed",
    ]


def test_passing_is_exit_code_0_and_one_line(folder: Path, invoke: Callable[..., Result]) -> None:
    """Nobody reads what is fine."""
    (folder / "tests" / "close.yaml").write_text(CASES.partition("- name: fails")[0])
    result = invoke("rules", "test", "--rules", str(folder))
    assert (result.code, result.out) == (0, "1 passed, 0 failed\n")


def test_json_has_every_case(folder: Path, invoke: Callable[..., Result]) -> None:
    """Programs must not have to take lines apart."""
    result = invoke("rules", "test", str(folder), "--rules", str(folder), "--json")
    told = json.loads(result.out)
    file = str(folder / "tests" / "close.yaml")
    assert (result.code, told["passed"], told["failed"]) == (1, 1, 1)
    assert told["cases"][1] == {
        "name": "fails",
        "file": file,
        "line": 4,
        "passed": False,
        "failures": [{"file": file, "line": 6, "column": 32, "message": FAILURE}],
        "sent": [
            {
                "type": "CloseCase",
                "key": "C-1",
                "rule": "close",
                "time": "2026-01-06T21:00:00Z",
                "data": {"reason": "The employer paid."},
                "judged": "different",
            }
        ],
    }


def test_junit_has_every_case(folder: Path, invoke: Callable[..., Result]) -> None:
    """Build servers show it; a name with characters that XML cannot hold must not break it."""
    name = r'"fails \e"'
    (folder / "tests" / "close.yaml").write_text(CASES.replace("name: fails", f"name: {name}"))
    file = folder / "results.xml"
    invoke("rules", "test", "--rules", str(folder), "--junit", str(file))
    suite = ET.parse(file).getroot()[0]  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite] == ["passes", "fails \N{REPLACEMENT CHARACTER}"]
    (failure,) = suite[1]
    assert failure.get("message") == FAILURE


def test_a_mistake_in_a_test_file_is_shown_like_one_in_a_rule(
    folder: Path, invoke: Callable[..., Result]
) -> None:
    """Nothing runs until all of it is understood, and what only follows from it is not told."""
    file = folder / "tests" / "close.yaml"
    file.write_text(CASES.replace("expect:", "expct:", 1))
    result = invoke("rules", "test", "--rules", str(folder))
    assert result.code == 1
    assert result.lines[0].startswith(f"{file}:3:3: error: `expct` is not a key of a case: did you")
    assert "expects nothing" not in result.out
    assert "passed" not in result.out


def test_rules_with_errors_are_not_tested(folder: Path, invoke: Callable[..., Result]) -> None:
    """Each failure would only be an echo of the mistake in the rule."""
    (folder / "close.yaml").write_text(RULES.replace("CloseCase", "ClseCase"))
    result = invoke("rules", "test", "--rules", str(folder))
    assert result.code == 1
    assert result.err.startswith(f"{folder / 'close.yaml'}:3:10: error: unknown message type")


def test_a_result_file_that_cannot_be_written_is_said(
    folder: Path, invoke: Callable[..., Result]
) -> None:
    """A build server that shows old results misleads everybody."""
    result = invoke(
        "rules", "test", "--rules", str(folder), "--junit", str(folder / "no" / "x.xml")
    )
    assert result.code == 1
    assert result.err.endswith("x.xml: No such file or directory\n")
