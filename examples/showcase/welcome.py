"""Says where everything is once it is up, and what to try. Starts nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text

from orchestrator.local.ports import LOOPBACK
from orchestrator.settings import Settings
from showcase.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import SecretStr
    from rich.console import Console

    from showcase.children import Part

_SAMPLE_PASSWORD = "guest"  # noqa: S105 - what every RabbitMQ begins with
_COMMANDS = (
    ".venv/bin/orchestrator tail",
    ".venv/bin/orchestrator publish ComplaintFiled @examples/complaint.json --key C-991",
    ".venv/bin/orchestrator trace C-991",
)


def show(console: Console, settings: Settings, parts: Sequence[Part]) -> None:
    """Print the addresses, and what to try in a second terminal."""
    console.print()
    console.print(Text.assemble(("everything is up", "bold green"), ("   Ctrl-C ends it", "dim")))
    console.print()
    places = Table.grid(padding=(0, 3, 0, 2), pad_edge=True)
    places.add_column(style="dim", no_wrap=True)
    places.add_column(no_wrap=True)
    places.add_column(style="dim")
    for name, place, remark in _places(settings, parts):
        places.add_row(name, place, remark)
    console.print(places)
    console.print("\nin a second terminal:\n", style="bold")
    for line in (*_exports(settings), *_COMMANDS):
        console.print(f"  {line}", style="cyan", soft_wrap=True)
    console.print()


def _places(settings: Settings, parts: Sequence[Part]) -> Iterator[tuple[str, str, str]]:
    yield "RabbitMQ", _printable(settings.amqp_url), ""
    if ui := os.environ.get("ORCHESTRATOR_MANAGEMENT_URL"):
        yield "its UI", ui, "sample user and password: guest"
    yield "Redis", _printable(settings.redis_url), ""
    for part in parts:
        yield part.name, f"http://{LOOPBACK}:{part.http_port}/ready", "and /metrics"
    if "NOTIFY_SMTP_URL" not in os.environ:
        yield "mails", f"{_folder('NOTIFY_MAILDIR')}/new", "a Maildir"
    yield "documents", _folder("DOCUMENTS_FOLDER"), "large ones, by digest"
    yield "archive", _folder("ARCHIVE_FOLDER"), "kept for good"


def _folder(variable: str) -> str:
    folder = Path(os.environ[variable])
    return str(folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder)


def _exports(settings: Settings) -> Iterator[str]:
    """Yield what leads a second terminal here, where the usual addresses do not."""
    for name in ("amqp_url", "redis_url"):
        url: SecretStr = getattr(settings, name)
        if url == Settings.model_fields[name].default:
            continue
        variable = f"ORCHESTRATOR_{name.upper()}"
        if _is_secret(url):
            yield f"# {variable} must be set there as it is here"
        else:
            yield f"export {variable}={url.get_secret_value()}"


def _printable(url: SecretStr) -> str:
    shown = url.get_secret_value()
    if not _is_secret(url):
        return shown
    parts = urlsplit(shown)
    return parts._replace(netloc=f"***@{parts.hostname}:{parts.port}").geturl()


def _is_secret(url: SecretStr) -> bool:
    return urlsplit(url.get_secret_value()).password not in {None, _SAMPLE_PASSWORD}
