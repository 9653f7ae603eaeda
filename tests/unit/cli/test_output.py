"""One result, three readers: a person at a terminal, a pipe, a program."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.cli import output
from orchestrator.cli.commands import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROWS: list[dict[str, object]] = [
    {"status": "ok", "message": "fine\tand\nwell", "extra": {"a": 1}},
    {"status": "error", "message": None, "extra": datetime(2026, 3, 1, 9, tzinfo=UTC)},
]
COLUMNS = ("status", "message")


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A function that prints rows the way a command with these arguments would."""

    def run(
        *arguments: str, rows: list[dict[str, object]], columns: Sequence[str] = COLUMNS
    ) -> str:
        @click.command(cls=Command)
        def command() -> None:
            output.table(columns, rows, empty="nothing")

        command.main(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_piped_rows_are_lines_with_tabs(printed: Callable[..., str]) -> None:
    """A tab or a line break inside a value would shift every column after it."""
    assert printed(rows=ROWS) == "ok\tfine\\tand\\nwell\nerror\t\n"


def test_json_has_every_key_also_those_without_a_column(printed: Callable[..., str]) -> None:
    """A program decides for itself what matters."""
    assert json.loads(printed("--json", rows=ROWS)) == [
        {"status": "ok", "message": "fine\tand\nwell", "extra": {"a": 1}},
        {"status": "error", "message": None, "extra": "2026-03-01T09:00:00Z"},
    ]


def test_a_terminal_gets_a_table(
    printed: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns line up under their names."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = [click.unstyle(line).rstrip() for line in printed(rows=ROWS).splitlines()]
    assert lines == ["status  message", "ok      fine\\tand\\nwell", "error"]


def test_a_narrow_terminal_gets_a_table_too(
    printed: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words fold where the room ends: whoever copies half a name finds nothing."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    row: dict[str, object] = {"status": "waiting", "rule": "restaurant-opening", "key": "R-7" * 9}
    lines = [click.unstyle(each) for each in printed(rows=[row], columns=list(row)).splitlines()]
    rule, key = lines[0].index("rule"), lines[0].index("key")
    assert max(map(len, lines)) <= 30
    assert lines[1].startswith("waiting ")
    assert "".join(line[rule:key].strip() for line in lines[1:]) == "restaurant-opening"
    assert "".join(line[key:].strip() for line in lines[1:]) == "R-7" * 9


@pytest.mark.parametrize(
    ("shown", "arguments", "terminal"),
    [("nothing\n", [], True), ("", [], False), ("[]\n", ["--json"], True)],
    ids=["a person is told", "a pipe gets no lines", "a program gets an empty list"],
)
def test_an_empty_list(
    shown: str,
    arguments: list[str],
    terminal: bool,  # noqa: FBT001 - a parameter of the test
    printed: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing to show is an answer, and each reader understands another one."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert printed(*arguments, rows=[]) == shown


STEERING = "a\x1b[2J\x07\x7f\x9b31m\x85\u202eb\u2028\u2066"


@pytest.mark.parametrize("value", [STEERING, {STEERING: [STEERING]}], ids=["text", "JSON"])
def test_what_messages_hold_cannot_steer_the_terminal(value: object) -> None:
    """Whoever publishes an event must not clear the screen of whoever looks at it."""
    assert all(letter.isprintable() for letter in output.text(value))


def test_json_that_cannot_steer_a_terminal_says_the_same(printed: Callable[..., str]) -> None:
    """A program must not read another key than the message had."""
    shown = printed("--json", rows=[{"status": STEERING, STEERING: [STEERING]}])
    assert all(letter.isprintable() for letter in shown.removesuffix("\n"))
    assert json.loads(shown) == [{"status": STEERING, STEERING: [STEERING]}]
