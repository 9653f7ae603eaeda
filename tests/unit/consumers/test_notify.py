"""Letters and where they go without a mail server."""

from __future__ import annotations

from mailbox import Maildir
from typing import TYPE_CHECKING

import pytest

from consumers.messages.message import Person
from consumers.messages.notify import SendAcknowledgment, SendNotification
from consumers.notify.letter import acknowledgment, notification
from consumers.notify.mailer import Account, MaildirMailer
from consumers.notify.service import Office, acknowledge, notify
from consumers.notify.settings import read_settings
from orchestrator.errors import Misconfigured
from orchestrator.service import DependencyDown, Reject
from tests.unit.consumers.contexts import context

if TYPE_CHECKING:
    from pathlib import Path

ADA = Person(name="Ada Keller", email="ada.keller@example.org")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office without a mail server."""
    return Office(MaildirMailer(tmp_path / "deep" / "mail"), "office@example.org")


def test_the_service_writes_the_letter_for_a_bare_complaint() -> None:
    """The smallest rule hands on the complaint itself: a person must still get a proper letter."""
    letter = acknowledgment(SendAcknowledgment(complainant=ADA), "C-991")

    assert (letter.to, letter.subject) == (ADA.email, "We received your complaint C-991")
    assert letter.text.startswith("Dear Ada Keller,\n")
    assert letter.text.count("C-991") == 2


def test_what_the_rule_writes_wins() -> None:
    """Who wrote the rule chose address, subject and text."""
    command = SendAcknowledgment(
        to="ben@example.org", subject="Hello", text="We did.", complainant=ADA
    )

    letter = acknowledgment(command, "C-991")

    assert (letter.to, letter.subject, letter.text) == ("ben@example.org", "Hello", "We did.")


@pytest.mark.parametrize("address", ["ada@localhost", "ada@.", "ada..keller@example.org"])
def test_an_impossible_address_is_rejected_without_being_told(address: str) -> None:
    """No attempt would reach anybody; the error goes into logs, where addresses do not belong."""
    command = SendNotification(to=address, subject="s", text="t")

    with pytest.raises(Reject, match="correct it at its source") as caught:
        notification(command)

    assert address not in str(caught.value)


async def test_a_mail_lies_in_the_maildir_and_says_what_it_is_about(
    office: Office, tmp_path: Path
) -> None:
    """Without a server one must be able to look at what would have been sent."""
    reply = await acknowledge(SendAcknowledgment(complainant=ADA), context(office))

    assert reply.model_dump() == {"to": ADA.email, "subject": "We received your complaint C-991"}
    (mail,) = Maildir(tmp_path / "deep" / "mail", create=False)
    assert mail["To"] == ADA.email
    assert mail["From"] == "office@example.org"
    assert mail["Message-ID"] == "<k1@example.org>"
    assert mail["Date"] == "Sun, 01 Mar 2026 09:00:00 +0000"


async def test_a_second_attempt_writes_no_second_mail(office: Office, tmp_path: Path) -> None:
    """A crash after the mail was written repeats the handler, and the person gets one letter."""
    command = SendNotification(to=ADA.email, subject="Permit", text="Ready.")
    folder = tmp_path / "deep" / "mail"

    await notify(command, context(office))
    await notify(command, context(office))
    assert len(Maildir(folder)) == 1

    (unread,) = (folder / "new").iterdir()
    unread.rename(folder / "cur" / f"{unread.name}:2,S")
    await notify(command, context(office))
    assert len(Maildir(folder)) == 1

    await notify(command, context(office, key="k2"))
    assert len(Maildir(folder)) == 2


async def test_a_folder_that_cannot_be_written_is_a_dependency_that_is_down(
    office: Office, tmp_path: Path
) -> None:
    """A full or missing disk concerns every mail: none of them should lose attempts."""
    (tmp_path / "deep" / "mail" / "tmp").rmdir()
    command = SendNotification(to=ADA.email, subject="Permit", text="Ready.")

    with pytest.raises(DependencyDown, match="mail cannot be written"):
        await notify(command, context(office))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False)),
        ("smtps://u%40x:p%3A@mail:2465", ("mail", 2465, "u@x", "p:", True)),
        ("smtps://mail", ("mail", 465, "", "", True)),
    ],
)
def test_a_mail_server_is_named_by_a_url(url: str, expected: tuple[object, ...]) -> None:
    """One variable says everything, with the usual ports by default."""
    account = Account.parse(url)

    assert (account.host, account.port, account.user, account.password, account.tls) == expected


@pytest.mark.parametrize(
    "url", ["mail:25", "http://mail", "smtp://", "smtp://mail:x", "smtp://a:0"]
)
def test_a_wrong_mail_url_says_how_to_write_it(url: str) -> None:
    """A person mends it from this one line."""
    with pytest.raises(Misconfigured, match="NOTIFY_SMTP_URL: write smtp://host:port"):
        Account.parse(url)


def test_a_wrong_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person mends it from this one line."""
    monkeypatch.setenv("NOTIFY_TIMEOUT_SECONDS", "soon")

    with pytest.raises(Misconfigured, match=r"^NOTIFY_TIMEOUT_SECONDS: Input should be a valid"):
        read_settings()
