"""Log lines: one JSON object each when piped, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from orchestrator.core.masking import redact_text
from orchestrator.telemetry.logs import configure
from orchestrator.telemetry.redaction import redact_value

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Logging is global: leave it as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines of `stream`, each read as JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("safe", "text"),
    [
        ("amqp://guest:***@host:5672/x", "amqp://guest:guest@host:5672/x"),
        ("redis://:***@h/0", "redis://:pw@h/0"),
        ("amqp://u:***@host", "amqp://u:p@ss:w@host"),
        ("cannot reach amqp://u:***@h and redis://:***@r", "cannot reach amqp://u:p@h and redis://:q@r"),
        ("https://h/x?token=***&a=1", "https://h/x?token=abc&a=1"),
        ("Authorization: Bearer ***", "Authorization: Bearer abcdefghij.klm"),
        ("http://host:8080/path", "http://host:8080/path"),
        ("mail to ada@example.org", "mail to ada@example.org"),
    ],
)  # fmt: skip
def test_secrets_inside_texts_are_masked(safe: str, text: str) -> None:
    """Error texts of libraries quote URLs: a password must not get into the logs that way."""
    assert redact_text(text) == safe


def test_keys_that_name_a_secret_are_masked_at_any_depth() -> None:
    """Whatever is logged as a whole, such as headers, may hold one."""
    value = {"headers": [{"Authorization": "x", "ok": 1}], "accessToken": "z"}
    assert redact_value(value) == {
        "headers": [{"Authorization": "***", "ok": 1}],
        "accessToken": "***",
    }


def test_a_piped_line_is_one_json_object_with_level_and_utc_time() -> None:
    """Log collectors read lines, and compare times of several machines."""
    stream = io.StringIO()
    configure("info", "auto", stream)
    structlog.get_logger().info("dead_lettered", correlation_id="C-1", url="amqp://u:p@h")

    [line] = written(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "dead_lettered",
        "level": "info",
        "correlation_id": "C-1",
        "url": "amqp://u:***@h",
    }


def test_library_records_take_the_same_way() -> None:
    """A line of uvicorn that is not JSON breaks whoever parses the stream."""
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("uvicorn.error").warning("cannot reach %s", "amqp://u:p@h")

    [line] = written(stream)
    assert (line["event"], line["logger"]) == ("cannot reach amqp://u:***@h", "uvicorn.error")


def test_a_password_in_a_traceback_is_masked() -> None:
    """Tracebacks quote the message of the error."""
    stream = io.StringIO()
    configure("info", "json", stream)
    try:
        int("amqp://u:hunter2@h")
    except ValueError:
        structlog.get_logger().exception("unexpected")

    assert "amqp://u:***@h" in written(stream)[0]["exception"]
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("name", ["aiormq.connection", "pamqp.frame", "aio_pika"])
def test_the_amqp_libraries_never_log_at_debug(name: str) -> None:
    """At DEBUG they print the frame that carries the password."""
    configure("debug", "json", io.StringIO())
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_lines_below_the_level_are_dropped_and_others_kept() -> None:
    """Per-batch lines are debug lines: at the default level they must not exist."""
    stream = io.StringIO()
    configure("info", "json", stream)
    log = structlog.get_logger()
    log.debug("batch_done")
    log.warning("service_waiting")

    assert [line["event"] for line in written(stream)] == ["service_waiting"]


def test_the_console_form_is_for_people() -> None:
    """On a terminal nobody wants to read JSON."""
    stream = io.StringIO()
    configure("info", "console", stream)
    structlog.get_logger().info("started", revision="abc")

    assert "started" in stream.getvalue()
    assert "revision=abc" in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_cannot_be_written_as_it_is_is_written_all_the_same(form: Any) -> None:
    """A handler may raise what it read from a file or a mail; logging it must not end a service."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    configure(form=form, stream=stream)
    odd = ValueError("file \udcff")
    structlog.get_logger().warning("handler_retried", number=2**70, exc_info=odd)
    stream.seek(0)
    assert "file \\udcff" in stream.read()


def test_a_terminal_is_not_steered_by_what_is_logged() -> None:
    """Types and keys are chosen by whoever publishes; tracebacks keep their lines."""
    stream = io.StringIO()
    configure(form="console", stream=stream)
    structlog.get_logger().warning("dead_lettered", type="T\x1b[2J\x9b31m", key="a\nb")
    failure = ValueError("\x1b]0;title\x07")
    logging.getLogger("library").error("failed\x1b[2J", exc_info=failure)
    assert {letter for letter in stream.getvalue() if not letter.isprintable()} == {"\n"}
    assert "\\x1b[2J" in stream.getvalue()
