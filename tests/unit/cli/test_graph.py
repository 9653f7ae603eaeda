"""``rules graph``: one picture in three languages, and clear words where there is none."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Result

RULES = "- {name: thank, when: ComplaintFiled, then: [SendAcknowledgment]}\n"


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file with one rule."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return str(file)


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ([], "flowchart LR"),
        (["--format", "mermaid"], "flowchart LR"),
        (["--format", "dot"], "digraph rules {"),
        (["--rule", "thank", "--format", "dot"], "digraph rules {"),
        (["--type", "ComplaintFiled"], "flowchart LR"),
    ],
)
def test_the_picture_goes_to_standard_output(
    options: list[str], first: str, rules: str, invoke: Callable[..., Result]
) -> None:
    """So it can be piped into whatever draws it."""
    result = invoke("rules", "graph", rules, *options)

    assert (result.code, result.err) == (0, "")
    assert result.lines[0] == first
    assert any("thank" in line for line in result.lines)


@pytest.mark.parametrize(("name", "first"), [("p.mmd", "flowchart LR"), ("p.dot", "digraph")])
def test_the_end_of_the_file_says_the_format(
    name: str, first: str, rules: str, tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    """Who writes p.dot wants Graphviz to read it."""
    file = tmp_path / name
    result = invoke("rules", "graph", rules, "--output", str(file))

    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"{file}: ")
    assert file.read_text().startswith(first)


def test_without_graphviz_the_package_is_named(
    rules: str, monkeypatch: pytest.MonkeyPatch, invoke: Callable[..., Result]
) -> None:
    """One line that says what to install, and what works without."""
    monkeypatch.setenv("PATH", "")
    result = invoke("rules", "graph", rules, "--format", "svg")

    assert result.code == 1
    assert result.err == (
        "error: svg needs Graphviz, which is not installed: install the package graphviz, or use"
        " --format mermaid\n"
    )


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_with_graphviz_there_is_a_picture(rules: str, invoke: Callable[..., Result]) -> None:
    """What we write in its language it can read."""
    result = invoke("rules", "graph", rules, "--format", "svg")

    assert result.code == 0
    assert "</svg>" in result.out
    assert ">thank<" in result.out


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--rule", "tank"], "the picture has no rule tank: did you mean thank?"),
        (["--type", "Nothing"], "the picture has no type Nothing"),
        (["--output", "no/such/folder.dot"], "cannot write no/such/folder.dot: "),
        (["--output", "rules.png"], "rules.png: nothing here draws .png: end it in .mmd, .dot"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    options: list[str], error: str, rules: str, invoke: Callable[..., Result]
) -> None:
    """A picture of nothing would look like an answer."""
    result = invoke("rules", "graph", rules, *options)

    assert result.code == 1
    assert result.err.startswith(f"error: {error}")


def test_json_has_nodes_and_arrows(rules: str, invoke: Callable[..., Result]) -> None:
    """For programs that draw themselves."""
    found = json.loads(invoke("rules", "graph", rules, "--json").out)

    (rule,) = (node for node in found["nodes"] if node["kind"] == "rule")
    assert rule["name"] == "thank"
    assert any(arrow["from"] == rule["id"] for arrow in found["arrows"])
