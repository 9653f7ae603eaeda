"""A mail server that is down pauses the notify service, visibly, and costs no attempt."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from tests.integration.service.installation import ROOT, Installation

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from orchestrator.local import Services

ADA = {"name": "Ada Keller", "email": "ada.keller@example.org"}


async def logged(process: Process, event: str) -> dict[str, Any]:
    """Read the log of `process` up to the line called `event`, and return that line."""
    assert process.stderr is not None
    async for line in process.stderr:
        entry: dict[str, Any] = json.loads(line)
        if entry["event"] == event:
            return entry
    pytest.fail(f"the process ended without {event}")


def not_ready(port: int) -> dict[str, str]:
    """Return what ``/ready`` says is not."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready") as answer:
            content = answer.read()
    except HTTPError as error:
        content = error.read()
    reasons: dict[str, str] = json.loads(content)["not_ready"]
    return reasons


async def test_an_outage_of_the_mail_server(services: Services, unique: str) -> None:
    """Mails wait for the server as they came, and whoever looks sees what is being waited for."""
    office = Installation(unique, services.environ, ROOT / "schemas")
    loop = asyncio.get_running_loop()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        smtp_port = reserved.getsockname()[1]
    async with office.existing(["notify"], ["notify.v1"]):
        process = await office.start(
            "notify",
            errors=asyncio.subprocess.PIPE,
            NOTIFY_SMTP_URL=f"smtp://127.0.0.1:{smtp_port}",
        )
        http_port = (await logged(process, "http_listening"))["port"]
        (command,) = await office.send("notify.v1", "SendAcknowledgment", [{"complainant": ADA}])

        await logged(process, "consumer_paused")
        waiting_for = await asyncio.to_thread(not_ready, http_port)
        server = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", smtp_port)
        await logged(process, "consumer_resumed")
        handled = await logged(process, "handled")
        ready_again = await asyncio.to_thread(not_ready, http_port)
        process.terminate()
        await process.communicate()
        server.close()

    assert process.returncode == 0
    assert f"the mail server at 127.0.0.1:{smtp_port} cannot be used" in str(waiting_for)
    assert ready_again == {}
    assert (handled["message_id"], handled["attempt"], handled["outcome"]) == (
        command,
        1,
        "replied",
    )
