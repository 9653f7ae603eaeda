"""The ways a mail can go out: a mail server, or a folder. Knows no message of ours."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from mailbox import Maildir
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from consumers.notify.settings import read_settings
from orchestrator.errors import Misconfigured
from orchestrator.service import DependencyDown, Reject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage
    from pathlib import Path

    from consumers.notify.settings import NotifySettings

_PERMANENT = range(500, 600)
_CLOSING = 421
_SMTP_PORT, _SMTPS_PORT = 25, 465


class MailDelayed(Exception):
    """The mail server asks to try this mail again later."""


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: EmailMessage, key: str) -> None:
        """Send `mail`, and return when somebody else is responsible for it.

        Args:
            mail: what to send.
            key: equal for every attempt to send this mail.

        Raises:
            Reject: this mail will never be taken.
            MailDelayed: it may be taken later.
            DependencyDown: no mail can be sent now.
        """


@dataclass(frozen=True, slots=True)
class Account:
    """A mail server and who we are to it; an empty `user` logs in to nothing."""

    host: str
    port: int
    user: str
    password: str
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Account:
        """Read ``smtp://user:password@host:port`` or ``smtps://...``.

        Raises:
            Misconfigured: it is no such URL; the text does not repeat it.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0:
            raise Misconfigured("NOTIFY_SMTP_URL: write smtp://host:port or smtps://host:port")
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=port or (_SMTPS_PORT if tls else _SMTP_PORT),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
        )


class SmtpMailer:
    """Sends through a mail server, one connection per mail. Uses STARTTLS where it is offered."""

    def __init__(self, account: Account, timeout_seconds: float) -> None:
        """Connect to nothing yet."""
        self._account = account
        self._timeout_seconds = timeout_seconds

    async def send(self, mail: EmailMessage, key: str) -> None:  # noqa: ARG002 - in its Message-ID
        """See ``Mailer.send``."""
        account = self._account
        try:
            await aiosmtplib.send(
                mail,
                hostname=account.host,
                port=account.port,
                username=account.user or None,
                password=account.password or None,
                use_tls=account.tls,
                timeout=self._timeout_seconds,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> Exception:
        """Return our error for one of the library's: by what the server said, if it said anything.

        A refusal while we introduce ourselves concerns every mail; one after that, this mail.
        """
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            error = error.recipients[0]
        about_us = isinstance(
            error,
            aiosmtplib.SMTPHeloError
            | aiosmtplib.SMTPAuthenticationError
            | aiosmtplib.SMTPConnectResponseError,
        )
        if isinstance(error, aiosmtplib.SMTPResponseException) and not about_us:
            said = f"the mail server says {error.code} {_first_line(error.message)}"
            if error.code in _PERMANENT:
                return Reject(said)
            if error.code != _CLOSING:
                return MailDelayed(said)
        where = f"{self._account.host}:{self._account.port}"
        return DependencyDown(f"the mail server at {where} cannot be used: {_first_line(error)}")


class MaildirMailer:
    """Puts mails into a Maildir, which any mail reader can open. Twice the same key is one mail."""

    def __init__(self, folder: Path) -> None:
        """Create `folder` where it is missing.

        Raises:
            Misconfigured: it cannot be created.
        """
        self._folder = folder
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            Maildir(folder, create=True)
        except OSError as error:
            raise Misconfigured(f"NOTIFY_MAILDIR: {folder} cannot be created: {error}") from error

    async def send(self, mail: EmailMessage, key: str) -> None:
        """See ``Mailer.send``."""
        try:
            await asyncio.to_thread(self._deliver, mail.as_bytes(), f"{key}.notify")
        except OSError as error:
            raise DependencyDown(f"{self._folder} cannot be written: {error.strerror}") from error

    def _deliver(self, content: bytes, name: str) -> None:
        """Write the file beside the others, then move it among them, as the format demands."""
        if any((self._folder / "cur").glob(f"{name}*")):
            return  # somebody has read it already
        draft = self._folder / "tmp" / name
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "new" / name)


@asynccontextmanager
async def open_mailer(settings: NotifySettings | None = None) -> AsyncIterator[Mailer]:
    """Open the mailer that `settings`, by default the environment, ask for."""
    settings = settings or read_settings()
    if settings.smtp_url is None:
        yield await asyncio.to_thread(MaildirMailer, settings.maildir)
    else:
        account = Account.parse(settings.smtp_url.get_secret_value())
        yield SmtpMailer(account, settings.timeout_seconds)


def _first_line(said: object) -> str:
    lines = str(said).splitlines()
    return lines[0] if lines else type(said).__name__
