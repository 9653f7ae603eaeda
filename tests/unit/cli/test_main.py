"""The command itself: what it offers, and that whatever goes wrong is one line and an exit code."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator import __version__
from orchestrator.cli import main
from orchestrator.core.problem import Position, Problem
from orchestrator.errors import InvalidDefinitions, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Result

PROGRAM = [sys.executable, "-c", "from orchestrator.cli.main import main; main()"]


def test_help_names_every_command(invoke: Callable[..., Result]) -> None:
    """It is the only map of the program most people ever read."""
    result = invoke("--help")
    assert result.code == 0
    for name, summary in main._COMMANDS.items():  # noqa: SLF001 - the map is what is tested
        assert f"  {name} " in result.out
        assert summary in " ".join(result.out.split())


@pytest.mark.parametrize("name", main._COMMANDS)  # noqa: SLF001
def test_every_command_exists_and_has_a_help_text(name: str) -> None:
    """The map is written by hand, because importing them all would make the help slow."""
    command = import_module(f"orchestrator.cli.{name}").command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def test_help_imports_nothing_heavy() -> None:
    """A shell completes and a person asks for help dozens of times a day: it must be instant."""
    script = (
        "import sys; from orchestrator.cli.main import run; run(['--help']);"
        "print([m for m in ('pydantic', 'rich', 'fastapi', 'aiormq', 'redis') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_version(invoke: Callable[..., Result]) -> None:
    """The first question of every bug report."""
    assert invoke("--version").out == f"orchestrator, version {__version__}\n"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("there is no command 'rulez'; did you mean 'rules'? (see 'orchestrator --help')", "rulez"),
        ("there is no command 'xyz' (see 'orchestrator --help')", "xyz"),
        (
            "No such option '--worker'. Did you mean '--workers'? (see 'orchestrator run --help')",
            "run --worker 2",
        ),
        ("Missing argument 'TYPE' (see 'orchestrator publish --help')", "publish"),
    ],
)
def test_wrong_usage_is_one_line_with_the_way_out(
    message: str, arguments: str, invoke: Callable[..., Result]
) -> None:
    """A page of usage hides the one word that was wrong."""
    result = invoke(*arguments.split())
    assert (result.code, result.out, result.err) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("code", "line", "error"),
    [
        (1, "error: no queue: run apply\n", Misconfigured("no queue: run apply")),
        (1, "error: nothing of K\\x1b[2J\n", Misconfigured("nothing of K\x1b[2J")),
        (
            1,
            "a.yaml:1:2: error: no\nb.yaml:3:4: warning: hm\n",
            InvalidDefinitions(
                [
                    Problem(Position("a.yaml", 1, 2), "no"),
                    Problem(Position("b.yaml", 3, 4), "hm", "warning"),
                ]
            ),
        ),
        (130, "", KeyboardInterrupt()),
    ],
)
def test_what_a_command_raises_becomes_an_exit_code(
    code: int,
    line: str,
    error: BaseException,
    invoke: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scripts go by the code, people by the line; nobody is served by a traceback."""
    monkeypatch.setattr(main.orchestrator, "main", _raising(error))
    result = invoke("doctor")
    assert (result.code, result.out, result.err) == (code, "", line)


def test_a_defect_of_ours_is_said_to_be_one(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody should look for their own mistake where it is ours."""
    monkeypatch.setattr(main.orchestrator, "main", _raising(ZeroDivisionError("division")))
    result = invoke("doctor")
    assert result.code == 1
    assert "ZeroDivisionError: division; this is a bug, please report it" in result.err
    assert "Traceback" not in result.err


def test_a_reader_that_has_gone_is_no_error() -> None:
    """``orchestrator schemas show | head -1`` is an ordinary thing to do."""
    with subprocess.Popen(
        [*PROGRAM, "schemas", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait() == 1
        assert process.stderr.read() == b""


def _raising(error: BaseException) -> Callable[..., None]:
    def raising(*_arguments: object, **_options: object) -> None:
        raise error

    return raising


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colour_is_left_out_on_request(no_color: str, *, colored: bool) -> None:
    """Some people cannot read it, and some terminals cannot show it: https://no-color.org."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"NO_COLOR": no_color, "TERM": "xterm"}
    subprocess.run([*PROGRAM, "nosuch"], env=environment, stderr=theirs, check=False, timeout=30)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        assert (b"\x1b[" in terminal.read1()) is colored
