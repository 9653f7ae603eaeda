"""Sets up logging: JSON when piped, colour on a terminal, no secrets. Knows no log line."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

import orjson
import structlog

from orchestrator.telemetry.redaction import redact
from orchestrator.telemetry.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import Processor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

_LEAKY = ("aio_pika", "aiormq", "pamqp")
_CHATTY = ("uvicorn.error", "watchfiles")
_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure(level: Level = "info", form: Format = "auto", stream: TextIO | None = None) -> None:
    """Set up logging for the whole process, the libraries' included.

    Args:
        level: what is less important is dropped before it costs anything.
        form: ``auto`` writes for people when `stream` is a terminal, else one JSON object per line.
        stream: where to; standard error by default, because standard output is for results.
    """
    stream = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    readable = form == "console" or (form == "auto" and stream.isatty())
    shape = _shape()
    structlog.configure(
        processors=[*shape, *_render(readable=readable, colors=_colored(stream))],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    _route_libraries(threshold, stream, readable=readable)


def _shape() -> list[Processor]:
    """Return what every line goes through, ours and the libraries'."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _render(*, readable: bool, colors: bool) -> list[Processor]:
    """Return the last steps: exceptions to text, secrets out, and the line."""
    if readable:
        return [
            structlog.processors.ExceptionRenderer(),
            redact,
            _harmless,
            structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=24),
        ]
    return [
        structlog.processors.ExceptionRenderer(),
        redact,
        structlog.processors.JSONRenderer(serializer=_json),
    ]


def _harmless(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Write out what would steer the terminal; tracebacks keep their lines. A processor."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = harmless(value, keep="\n\t")
    return event


def _colored(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _json(event: Any, **_options: object) -> str:  # noqa: ANN401 - structlog's serializer
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        # Half a character, or an integer beyond 64 bits: a line must not end the process.
        return json.dumps(event, default=str, skipkeys=True)


def _route_libraries(threshold: int, stream: TextIO, *, readable: bool) -> None:
    """Send the libraries' records the same way as our own lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shape(), structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_render(readable=readable, colors=_colored(stream)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.INFO))
    for name in _OWN_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in _LEAKY:
        # At DEBUG they print the frame that carries the password; what they warn of with a
        # traceback at every disconnect, we say in one line.
        logging.getLogger(name).setLevel(logging.ERROR)
