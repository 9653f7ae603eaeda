"""A mail server that takes mail, puts it off or refuses it, by mailbox. Sends nothing on."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP

from orchestrator.local.ports import LOOPBACK
from showcase.cast import RETRIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiosmtpd.smtp import Envelope, Session

    from showcase.cast import Mailbox


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken.

    Attributes:
        to: the address.
        subject: one line.
        attempts: how often it was brought until it was taken.
    """

    to: str
    subject: str
    attempts: int


class Sink:
    """Keeps what it takes in memory."""

    def __init__(self, mailboxes: Mapping[str, Mailbox]) -> None:
        """Take all mail, except for the addresses in `mailboxes` that are not open."""
        self.mails: list[Mail] = []
        self._asked: Counter[str] = Counter()
        self._mailboxes = mailboxes

    async def handle_RCPT(  # noqa: N802 - the library calls it by this name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer whether mail for `address` is taken now."""
        self._asked[address] += 1
        match self._mailboxes.get(address, "open"):
            case "gone":
                return "550 5.1.1 no such mailbox"
            case "busy" if self._asked[address] <= RETRIES:
                return "451 4.7.1 the mailbox is busy, please come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        content = cast("bytes", envelope.content)
        mail = message_from_bytes(content, policy=policy.default)
        for address in envelope.rcpt_tos:
            self.mails.append(Mail(address, str(mail["Subject"]), self._asked.pop(address)))
        return "250 OK"


@asynccontextmanager
async def listening(sink: Sink) -> AsyncIterator[str]:
    """Serve `sink` for the time of the block, and yield its ``smtp://`` URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="mail.example.org", loop=loop), LOOPBACK, 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"smtp://{LOOPBACK}:{port}"
