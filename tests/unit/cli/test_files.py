"""``rules check`` and ``schemas``: problems for people, for programs and for pull requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.cli import problems
from orchestrator.core.problem import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Result

WRONG = "- when: ComplaintFild\n  then: [SendAcknowledgment]\n"
CLEAN = "- when: ComplaintFiled\n  then: [SendAcknowledgment]\n"
UNKNOWN = 'unknown message type "ComplaintFild": did you mean "ComplaintFiled"?'


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """A rule file with one mistake."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    return file


def test_an_error_is_a_line_with_its_place_and_exit_code_1(
    rule_file: Path, invoke: Callable[..., Result]
) -> None:
    """Editors and terminals jump to file:line:column."""
    result = invoke("rules", "check", str(rule_file))
    assert result.code == 1
    assert result.lines == [f"{rule_file}:1:9: error: {UNKNOWN}"]
    assert result.err == "1 file: 1 error\n"


def test_a_clean_file_is_exit_code_0(tmp_path: Path, invoke: Callable[..., Result]) -> None:
    """A check that never says yes is of no use in a pipeline."""
    (tmp_path / "clean.yaml").write_text(CLEAN)
    result = invoke("rules", "check", str(tmp_path))
    assert (result.code, result.out, result.err) == (0, "", "1 rule in 1 file: no problems\n")


def test_a_long_window_is_told_and_is_no_problem(
    tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    """It is often meant: a warning would have to be silenced, and would teach not to read them."""
    (tmp_path / "long.yaml").write_text(
        "- {name: long, when: {all: [ComplaintFiled, CaseClosed]}, within: 30d, then: [CloseCase]}"
    )
    result = invoke("rules", "check", str(tmp_path))
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "note: 1 rule waits longer than duplicates are recognised (1d), long the longest (30d): an"
        " event that was used up and is sent again after that counts anew\n"
        "1 rule in 1 file: no problems\n"
    )


@pytest.mark.parametrize("arguments", [["--json"], ["--format", "json"]])
def test_json_has_every_problem_in_parts(
    arguments: list[str], rule_file: Path, invoke: Callable[..., Result]
) -> None:
    """Programs must not have to take lines apart."""
    result = invoke("rules", "check", str(rule_file), *arguments)
    assert result.code == 1
    assert json.loads(result.out) == {
        "errors": 1,
        "warnings": 0,
        "problems": [
            {
                "file": str(rule_file),
                "line": 1,
                "column": 9,
                "level": "error",
                "message": UNKNOWN,
            }
        ],
    }


def test_broken_schemas_are_reported_instead_of_every_rule(
    tmp_path: Path, rule_file: Path, invoke: Callable[..., Result]
) -> None:
    """Without the message types every rule would look wrong: the cause is what to show."""
    (tmp_path / "broken.yaml").write_text("asyncapi: 2.0.0\n")
    result = invoke("rules", "check", str(rule_file), "--schemas", str(tmp_path / "broken.yaml"))
    assert result.code == 1
    assert all("broken.yaml" in line for line in result.lines)


@pytest.mark.parametrize(
    ("code", "levels"),
    [(0, []), (3, ["warning"]), (1, ["warning", "error"])],
)
@pytest.mark.parametrize("form", problems.FORMATS)
def test_the_exit_code_tells_errors_from_warnings(code: int, levels: list[str], form: str) -> None:
    """A pipeline stops on errors, and may go on with warnings, whatever is printed."""
    found = [Problem(Position("a.yaml", 1, 1), "wrong", level) for level in levels]  # type: ignore[arg-type]
    with click.Context(click.Command("check")):
        assert problems.report(found, form, problems.Summary("rule", 1, ["a.yaml"])) == code


def test_annotations_survive_what_a_message_may_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """A newline or a colon in the wrong place and GitHub shows nothing at all."""
    problem = Problem(Position("a,b:c.yaml", 2, 3), "100% wrong\nreally", "warning")
    with click.Context(click.Command("check")):
        problems.report([problem], "github", problems.Summary("rule", 1, ["a.yaml"]))
    assert capsys.readouterr().out == (
        "::warning file=a%2Cb%3Ac.yaml,line=2,col=3::100%25 wrong%0Areally\n"
    )


def test_the_shipped_schemas_are_clean(invoke: Callable[..., Result]) -> None:
    """The first thing a newcomer runs must not complain."""
    result = invoke("schemas", "check")
    assert (result.code, result.out) == (0, "")


def test_every_message_type_is_listed_in_columns(invoke: Callable[..., Result]) -> None:
    """``cut -f1`` and ``grep`` are how lists are used when piped."""
    result = invoke("schemas", "show")
    assert ["ComplaintFiled", "event", "complaints.v1"] in [
        line.split("\t")[:3] for line in result.lines
    ]


def test_a_message_type_is_shown_with_schema_and_examples(invoke: Callable[..., Result]) -> None:
    """An example is what one copies to publish the first message."""
    shown = json.loads(invoke("schemas", "show", "ComplaintFiled", "--json").out)
    assert (shown["kind"], shown["channel"]) == ("event", "complaints.v1")
    assert "complainant" in shown["schema"]["properties"]
    assert shown["examples"]

    text = invoke("schemas", "show", "ComplaintFiled").out
    assert text.startswith("ComplaintFiled  event on complaints.v1\n")


def test_an_unknown_message_type_names_the_nearest(invoke: Callable[..., Result]) -> None:
    """Most unknown names are slips of the finger."""
    result = invoke("schemas", "show", "ComplaintFild")
    assert result.code == 1
    assert result.err == (
        "error: no document names the message type ComplaintFild: did you mean ComplaintFiled?\n"
    )


def test_a_wrong_setting_is_named_with_its_variable(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What people set is the variable, not our attribute."""
    monkeypatch.setenv("ORCHESTRATOR_PREFETCH", "many")
    result = invoke("schemas", "check")
    assert result.code == 1
    assert result.err.startswith("error: ORCHESTRATOR_PREFETCH: ")
    assert "many" not in result.err
