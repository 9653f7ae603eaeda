"""What is written to people, and how it looks as a mail. Pure; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from orchestrator.service import Reject

if TYPE_CHECKING:
    from datetime import datetime

    from consumers.messages.notify import SendAcknowledgment, SendNotification

ACKNOWLEDGMENT = """\
Dear {name},

we have received your complaint {case}. An investigator will look into it and write to you.

You need not do anything now. If you write to us, please mention the number {case}.

Your labor office
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one person.

    Attributes:
        to: the address.
        subject: one line.
        text: plain text.
    """

    to: str
    subject: str
    text: str


def acknowledgment(command: SendAcknowledgment, case: str) -> Letter:
    """Return the letter that says that the complaint `case` has arrived.

    Raises:
        Reject: nobody can be written to at the address.
    """
    name = command.complainant.name if command.complainant else "Sir or Madam"
    return Letter(
        to=_checked(command.recipient),
        subject=command.subject or f"We received your complaint {case}",
        text=command.text or ACKNOWLEDGMENT.format(name=name, case=case),
    )


def notification(command: SendNotification) -> Letter:
    """Return the letter that `command` spells out.

    Raises:
        Reject: nobody can be written to at the address.
    """
    return Letter(_checked(command.to), command.subject, command.text)


def to_mail(letter: Letter, sender: str, key: str, time: datetime) -> EmailMessage:
    """Return `letter` as a mail.

    Args:
        letter: what to write.
        sender: from whom.
        key: equal for every attempt to send this letter; becomes the Message-ID, by which mail
            servers and readers recognise a letter that was sent twice.
        time: of the command that asked for it, so that a second attempt writes the same mail.
    """
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(time)
    mail["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    return mail


def _checked(address: str) -> str:
    """Return `address` if mail can go there, else reject, without repeating it."""
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, MessageError):
        raise Reject("the mail address cannot be written to: correct it at its source") from None
    if "." not in parsed.domain.strip("."):
        raise Reject("the mail address has no complete domain: correct it at its source")
    return address
