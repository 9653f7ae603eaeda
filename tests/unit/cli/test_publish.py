"""``publish`` refuses what is wrong before anything is sent, and says what and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Result


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever tries to connect in these tests must fail: nothing may be sent."""
    monkeypatch.setenv("ORCHESTRATOR_AMQP_URL", "amqp://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (
            "no document names the message type ComplaintFild: did you mean ComplaintFiled?",
            ["ComplaintFild"],
        ),
        (
            "ComplaintWithdrawn: /reason must be of type string; nothing was sent",
            ["ComplaintWithdrawn", '{"reason": 1}'],
        ),
        ("cannot read nowhere: No such file or directory", ["ComplaintFiled", "@nowhere"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(
    message: str, arguments: list[str], invoke: Callable[..., Result]
) -> None:
    """The pointer into the data is what one needs to mend it."""
    result = invoke("publish", *arguments)
    assert (result.code, result.out, result.err) == (1, "", f"error: {message}\n")


def test_one_bad_line_of_many_stops_them_all(tmp_path: Path, invoke: Callable[..., Result]) -> None:
    """Half a file sent is worse than none: nobody knows which half."""
    file = tmp_path / "many.jsonl"
    file.write_bytes(b'{"reason": "a"}\n\n{"reason": 2}\n')
    result = invoke("publish", "ComplaintWithdrawn", f"@{file}", "--lines")
    assert result.code == 1
    assert result.err == (
        f"error: {file}, line 3: ComplaintWithdrawn: /reason must be of type string;"
        " nothing was sent\n"
    )


def test_a_broker_that_is_away_is_named(invoke: Callable[..., Result]) -> None:
    """The negative control: valid data does reach the point where it would be sent."""
    result = invoke("publish", "ComplaintWithdrawn", orjson.dumps({"reason": "a"}).decode())
    assert result.code == 1
    assert result.err.startswith("error: RabbitMQ at 127.0.0.1:1")
    assert result.err.count("\n") == 1
