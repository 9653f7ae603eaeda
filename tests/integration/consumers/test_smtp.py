"""Mail against a server that takes it, refuses it, or is not there."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.smtp import SMTP

from consumers.notify.letter import Letter, to_mail
from consumers.notify.mailer import Account, MailDelayed, SmtpMailer
from orchestrator.service import DependencyDown, Reject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiosmtpd.smtp import Envelope, Session

MAIL = to_mail(
    Letter("ada.keller@example.org", "Grüße", "We received C-991.\n"),
    "office@example.org",
    "k1",
    datetime(2026, 3, 1, 9, tzinfo=UTC),
)


class PostOffice:
    """A mail server that says what it is told to say."""

    def __init__(self, at_recipient: str = "250 OK", at_data: str = "250 OK") -> None:
        self.taken: list[bytes] = []
        self._at_recipient = at_recipient
        self._at_data = at_data

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Take or refuse a recipient."""
        if self._at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self._at_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take or refuse a mail."""
        if self._at_data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(envelope.content)
        return self._at_data


@asynccontextmanager
async def serving(office: PostOffice) -> AsyncIterator[SmtpMailer]:
    """Run `office` and yield a mailer that knows it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(office, loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield SmtpMailer(Account.parse(f"smtp://127.0.0.1:{port}"), timeout_seconds=2)
    finally:
        server.close()
        await server.wait_closed()


async def test_a_mail_is_handed_to_the_server() -> None:
    """What arrives is what was written, with an id that survives repetition."""
    office = PostOffice()
    async with serving(office) as mailer:
        await mailer.send(MAIL, "k1")
        await mailer.send(MAIL, "k1")

    first, second = (message_from_bytes(content) for content in office.taken)
    assert first["Message-ID"] == second["Message-ID"] == "<k1@example.org>"
    assert first.get_payload(decode=True) == b"We received C-991.\r\n"


@pytest.mark.parametrize(
    ("office", "error", "text"),
    [
        (PostOffice(at_recipient="550 no such user"), Reject, "says 550 no such user"),
        (PostOffice(at_data="554 spam"), Reject, "says 554 spam"),
        (PostOffice(at_recipient="450 mailbox busy"), MailDelayed, "says 450 mailbox busy"),
        (PostOffice(at_data="452 disk full"), MailDelayed, "says 452 disk full"),
        (PostOffice(at_data="421 closing"), DependencyDown, "cannot be used: .*421.*closing"),
    ],
)
async def test_what_the_server_says_decides_what_follows(
    office: PostOffice, error: type[Exception], text: str
) -> None:
    """5xx never, 4xx later, 421 not now for anybody."""
    async with serving(office) as mailer:
        with pytest.raises(error, match=text):
            await mailer.send(MAIL, "k1")


async def test_no_server_is_a_dependency_that_is_down() -> None:
    """The service then pauses, instead of burning the attempts of every mail."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        mailer = SmtpMailer(Account.parse(f"smtp://u:secret@127.0.0.1:{port}"), 2)
        with pytest.raises(DependencyDown, match=rf"at 127\.0\.0\.1:{port} cannot") as caught:
            await mailer.send(MAIL, "k1")

    assert "secret" not in str(caught.value)


async def test_a_refused_login_is_a_dependency_that_is_down() -> None:
    """It is not this mail's fault, so this mail must not be given up."""
    async with serving(PostOffice()) as anonymous:
        port = anonymous._account.port  # noqa: SLF001 - the port of this server
        mailer = SmtpMailer(Account.parse(f"smtp://u:secret@127.0.0.1:{port}"), 2)
        with pytest.raises(DependencyDown):
            await mailer.send(MAIL, "k1")


async def test_a_silent_server_is_a_dependency_that_is_down() -> None:
    """A connection that hangs must not hold the handler longer than its timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listens_only:
        port = listens_only.getsockname()[1]
        mailer = SmtpMailer(Account.parse(f"smtp://127.0.0.1:{port}"), timeout_seconds=0.05)
        with pytest.raises(DependencyDown):
            await mailer.send(MAIL, "k1")
